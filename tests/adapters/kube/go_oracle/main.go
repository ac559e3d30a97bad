package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http/httpproxy"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// Each question is one line, a JSON list; each answer is one line, {"error": ...} where there is none:
// "effective", --kubeconfig, --context, the working folder, $KUBECONFIG and $PATH: how kubectl and helm, which load a
// kubeconfig with these packages, would send a request.
// "proxy", an address, $HTTPS_PROXY and $HTTP_PROXY alike, and $NO_PROXY: the proxy before it.
func main() {
	input := bufio.NewReader(os.Stdin)
	for {
		line, err := input.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var words []string
		if err := json.Unmarshal(line, &words); err != nil {
			panic(err)
		}
		var answer map[string]any
		if words[0] == "proxy" {
			answer, err = proxy(words[1], words[2], words[3])
		} else {
			answer, err = effective(words[1], words[2], words[3], words[4], words[5])
		}
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		text, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}

func effective(kubeconfig, context, folder, listed, path string) (map[string]any, error) {
	if err := os.Chdir(folder); err != nil {
		panic(err)
	}
	os.Setenv("KUBECONFIG", listed)
	os.Setenv("PATH", path)
	flags := genericclioptions.NewConfigFlags(false)
	flags.KubeConfig, flags.Context = &kubeconfig, &context
	loader := flags.ToRawKubeConfigLoader()
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, err
	}
	// Without a server they would try localhost:8080, or the cluster that they run in.
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, err
	}
	if context == "" {
		context = raw.CurrentContext
	}
	if raw.Contexts[context] == nil {
		return nil, errors.New("no such context")
	}
	if cluster := raw.Clusters[raw.Contexts[context].Cluster]; cluster == nil || cluster.Server == "" {
		return nil, errors.New("no server")
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, err
	}
	answer := map[string]any{"namespace": namespace}
	return answer, request(config, answer)
}

// request adds what goes out with a request.
func request(config *rest.Config, answer map[string]any) error {
	address, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return err
	}
	if address.Scheme != "http" && address.Scheme != "https" {
		return errors.New("unsupported protocol scheme")
	}
	address.RawQuery, address.Fragment = "", ""
	answer["server"] = strings.TrimRight(address.String(), "/")
	if _, err := rest.TransportFor(config); err != nil {
		return err
	}
	sent := &recorder{}
	wrapped, err := rest.HTTPWrappersForConfig(config, sent)
	if err != nil {
		return err
	}
	asked, err := http.NewRequest("GET", address.String(), nil)
	if err != nil {
		return err
	}
	if _, err := wrapped.RoundTrip(asked); err != nil {
		return err
	}
	answer["headers"] = sent.headers
	answer["proxy"] = ""
	if config.Proxy != nil {
		proxy, err := config.Proxy(asked)
		if err != nil {
			return err
		}
		answer["proxy"] = proxy.String()
	}
	settings, err := config.TransportConfig()
	if err != nil {
		return err
	}
	if _, err := transport.TLSConfigFor(settings); err != nil { // it reads the files, too
		return err
	}
	answer["insecure"], answer["serverName"] = settings.TLS.Insecure, settings.TLS.ServerName
	answer["authority"] = string(settings.TLS.CAData)
	answer["certificate"], answer["key"] = string(settings.TLS.CertData), string(settings.TLS.KeyData)
	return nil
}

func proxy(address, named, leftOut string) (map[string]any, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	config := httpproxy.Config{HTTPProxy: named, HTTPSProxy: named, NoProxy: leftOut}
	found, err := config.ProxyFunc()(parsed)
	if err != nil || found == nil {
		return map[string]any{"proxy": ""}, err
	}
	return map[string]any{"proxy": found.String()}, nil
}

// recorder takes the place of the network.
type recorder struct{ headers http.Header }

func (r *recorder) RoundTrip(asked *http.Request) (*http.Response, error) {
	for name, values := range asked.Header {
		for _, value := range values {
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
				return nil, errors.New("net/http: invalid header")
			}
		}
	}
	r.headers = asked.Header
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}, Request: asked}, nil
}
