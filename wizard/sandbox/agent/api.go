package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	mergePatch     = "application/merge-patch+json"
	strategicPatch = "application/strategic-merge-patch+json"
)

// client is the few verbs of the Kubernetes API that the agent needs.
type client struct {
	base string
	http *http.Client
}

// apiError is an answer other than 2xx.
type apiError struct {
	code int
	body string
}

func (e *apiError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.code, e.body) }

func hasCode(err error, code int) bool {
	var answer *apiError
	return errors.As(err, &answer) && answer.code == code
}

func newClient(server, ca, cert, key string) (*client, error) {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", ca)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
		ForceAttemptHTTP2: true,
	}
	return &client{base: strings.TrimSuffix(server, "/"), http: &http.Client{Transport: transport}}, nil
}

func (c *client) open(ctx context.Context, method, path, contentType string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "sandbox-agent")
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, &apiError{resp.StatusCode, strings.TrimSpace(string(text))}
	}
	return resp, nil
}

// do sends one request with a time limit and decodes the answer into out, unless out is nil.
func (c *client) do(method, path, contentType string, body, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	resp, err := c.open(ctx, method, path, contentType, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func (c *client) create(path string, body, out any) error {
	return c.do(http.MethodPost, path, "application/json", body, out)
}

func (c *client) patch(path, contentType string, body, out any) error {
	return c.do(http.MethodPatch, path, contentType, body, out)
}

func (c *client) remove(path string, body any) error {
	return c.do(http.MethodDelete, path, "application/json", body, nil)
}

// handler receives a whole listing first and single changes after it.
type handler[T any] struct {
	replace func([]T)
	set     func(T)
	gone    func(T)
}

// watch lists and then watches one collection until ctx ends; it lists again whenever the watch breaks.
func watch[T any](ctx context.Context, c *client, path string, h handler[T]) {
	for ctx.Err() == nil {
		if err := listAndWatch(ctx, c, path, h); err != nil && ctx.Err() == nil {
			log.Printf("watch %s: %v", path, err)
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
	}
}

func listAndWatch[T any](ctx context.Context, c *client, path string, h handler[T]) error {
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []T
	}
	if err := c.do(http.MethodGet, path, "", nil, &list); err != nil {
		return err
	}
	h.replace(list.Items)
	resp, err := c.open(ctx, http.MethodGet, path+"?watch=true&resourceVersion="+list.Metadata.ResourceVersion, "", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	events := json.NewDecoder(resp.Body)
	for {
		var event struct {
			Type   string
			Object json.RawMessage
		}
		if err := events.Decode(&event); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if event.Type == "ERROR" {
			return fmt.Errorf("watch ended: %s", event.Object)
		}
		var object T
		if err := json.Unmarshal(event.Object, &object); err != nil {
			return err
		}
		if event.Type == "DELETED" {
			h.gone(object)
		} else {
			h.set(object)
		}
	}
}
