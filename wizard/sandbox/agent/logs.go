package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// rateAnnotation on a pod makes its containers write that many lines a second, for tests of log readers.
const rateAnnotation = "sandbox.llm-cost-ops.local/log-rate"

// options are the query of a log request.
type options struct {
	follow, previous, timestamps bool
	tail, limit                  int64 // -1: no limit
	since                        time.Time
}

func parseOptions(q url.Values, now time.Time) (options, error) {
	o := options{tail: -1, limit: -1}
	o.follow, _ = strconv.ParseBool(q.Get("follow"))
	o.previous, _ = strconv.ParseBool(q.Get("previous"))
	o.timestamps, _ = strconv.ParseBool(q.Get("timestamps"))
	for name, target := range map[string]*int64{"tailLines": &o.tail, "limitBytes": &o.limit} {
		if text := q.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return o, fmt.Errorf("invalid %s: %q", name, text)
			}
			*target = n
		}
	}
	if text := q.Get("sinceSeconds"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return o, fmt.Errorf("invalid sinceSeconds: %q", text)
		}
		o.since = now.Add(-time.Duration(n) * time.Second)
	}
	if text := q.Get("sinceTime"); text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return o, fmt.Errorf("invalid sinceTime: %q", text)
		}
		o.since = t
	}
	return o, nil
}

// serve runs the kubelet endpoint until ctx ends. It requires no client certificate: it listens on this machine only, and
// the API server checks rights.
func serve(ctx context.Context, listen, cert, key string, k *kubelet) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.serveLogs)
	server := &http.Server{Addr: listen, Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.Default()}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.ListenAndServeTLS(cert, key); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (k *kubelet) serveLogs(w http.ResponseWriter, r *http.Request) {
	namespace, name, container := r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")
	o, err := parseOptions(r.URL.Query(), time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	t := k.find(namespace, name)
	if t == nil {
		http.Error(w, fmt.Sprintf("pod %q not found in namespace %q", name, namespace), http.StatusNotFound)
		return
	}
	src, err := t.source(container, o.previous)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	out := &limited{w: bufio.NewWriterSize(w, 64<<10), left: o.limit}
	i, now := int64(0), time.Now()
	if !o.since.IsZero() {
		i = src.since(o.since, now)
	}
	if o.tail >= 0 {
		i = max(i, src.count(now)-o.tail)
	}
	id := t.containerID(container)
	for {
		for count := src.count(time.Now()); i < count; i++ {
			if !out.line(src.line(i), o.timestamps) {
				out.w.Flush()
				return
			}
		}
		if out.w.Flush() != nil {
			return
		}
		http.NewResponseController(w).Flush()
		if !o.follow || o.previous || !src.end.IsZero() {
			return
		}
		// The process may have ended: then its log is complete, and what is left of it is written first.
		if fresh, err := t.source(container, false); err != nil || t.containerID(container) != id {
			return
		} else if fresh.end.IsZero() {
			if !t.pause(r.Context(), src.next(i)) {
				return
			}
		} else {
			src = fresh
		}
	}
}

// pause waits for the next line, for at most a second so that the end of a process is noticed; false: the reader is gone.
func (t *tracked) pause(ctx context.Context, until time.Time) bool {
	wait := time.Second
	if !until.IsZero() {
		wait = min(max(time.Until(until), time.Millisecond), wait)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.gone:
		return false
	case <-timer.C:
		return true
	}
}

// limited writes lines until a number of bytes is used up.
type limited struct {
	w    *bufio.Writer
	left int64 // -1: no limit
}

func (l *limited) line(n line, timestamps bool) bool {
	text := n.text + "\n"
	if timestamps {
		text = n.at.UTC().Format("2006-01-02T15:04:05.000000000Z") + " " + text
	}
	if l.left >= 0 {
		if int64(len(text)) > l.left {
			text = text[:l.left]
		}
		l.left -= int64(len(text))
	}
	_, err := l.w.WriteString(text)
	return err == nil && l.left != 0
}

func (t *tracked) containerID(name string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.runs[name]; r != nil {
		return r.status.ContainerID
	}
	return ""
}

// source finds the process whose log is asked for; the refusals are a kubelet's.
func (t *tracked) source(name string, previous bool) (*source, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	podName, r := t.pod.Metadata.Name, t.runs[name]
	if r == nil {
		return nil, fmt.Errorf("container %q in pod %q is not available", name, podName)
	}
	state, last := r.status.State, r.status.LastState.Terminated
	ended := state.Terminated
	switch {
	case previous:
		if last == nil {
			return nil, fmt.Errorf("previous terminated container %q in pod %q not found", name, podName)
		}
		ended = last
	case state.Running != nil || ended != nil:
	case last != nil:
		ended = last
	case state.Waiting == nil:
		return nil, fmt.Errorf("container %q in pod %q is waiting to start - no logs yet", name, podName)
	default:
		why := state.Waiting.Reason
		switch why {
		case "ErrImagePull":
			why = "image can't be pulled"
		case "ImagePullBackOff":
			why = "trying and failing to pull image"
		}
		return nil, fmt.Errorf("container %q in pod %q is waiting to start: %s", name, podName, why)
	}
	rate, _ := strconv.ParseInt(t.pod.Metadata.Annotations[rateAnnotation], 10, 64)
	class := classOf(t.image(name)).name
	if ended != nil {
		return newSource(class, r.refusal, parseStamp(ended.StartedAt), parseStamp(ended.FinishedAt), ended.ExitCode != 0, r.last, rate), nil
	}
	return newSource(class, r.refusal, parseStamp(state.Running.StartedAt), time.Time{}, false, r.last, rate), nil
}

func (t *tracked) image(name string) string {
	for _, c := range append(append([]container{}, t.pod.Spec.InitContainers...), t.pod.Spec.Containers...) {
		if c.Name == name {
			return c.Image
		}
	}
	return ""
}
