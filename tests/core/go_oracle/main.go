package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/pflag"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/getter"
	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	os.Stdin = nil // a file that is named "-" is not to take the next question
	for input.Scan() {
		var words []string
		if err := json.Unmarshal(input.Bytes(), &words); err != nil {
			panic(err)
		}
		fmt.Println(answer(words[0], words[1:]))
	}
}

func answer(what string, given []string) string {
	switch what {
	case "quantity":
		parsed, err := resource.ParseQuantity(given[0])
		if err != nil {
			return "error"
		}
		return parsed.AsDec().String()
	case "duration":
		parsed, err := time.ParseDuration(given[0])
		if err != nil {
			return "error"
		}
		return fmt.Sprint(parsed.Nanoseconds())
	case "versions":
		first, err := semver.NewVersion(given[0])
		second, other := semver.NewVersion(given[1])
		if err != nil || other != nil {
			return "error"
		}
		return fmt.Sprint(first.Compare(second))
	case "constraint":
		constraint, err := semver.NewConstraint(given[0])
		version, other := semver.NewVersion(given[1])
		if err != nil || other != nil {
			return "error"
		}
		return fmt.Sprint(constraint.Check(version))
	case "base64":
		data, err := base64.StdEncoding.DecodeString(given[0])
		if err != nil {
			return "error"
		}
		return hex.EncodeToString(data)
	case "files":
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		files := flags.StringSlice("values", nil, "")
		if err := flags.Parse(given); err != nil {
			return "error"
		}
		return encoded(*files)
	case "sets":
		found, err := merged(given[0], given[1:])
		if err != nil {
			return encoded(map[string]any{"error": err.Error()})
		}
		return encoded(map[string]any{"values": exact(found)})
	case "pair": // certificate and key in base64, as kubectl create secret tls judges them
		if _, err := tls.X509KeyPair(decoded(given[0]), decoded(given[1])); err != nil {
			return err.Error()
		}
		return "ok"
	case "verify": // a file with certificates and one with roots in base64, a host, a time
		return verified(decoded(given[0]), decoded(given[1]), given[2], given[3])
	}
	panic(what)
}

func decoded(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}

// verified is what a client says that trusts the roots and gets the certificates as a server sends them.
func verified(file, roots []byte, host, at string) string {
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err)
	}
	trusted, others, certificates := x509.NewCertPool(), x509.NewCertPool(), parsed(file)
	trusted.AppendCertsFromPEM(roots)
	for _, certificate := range certificates[1:] {
		others.AddCert(certificate)
	}
	options := x509.VerifyOptions{DNSName: host, Roots: trusted, Intermediates: others, CurrentTime: now}
	if _, err := certificates[0].Verify(options); err != nil {
		return err.Error()
	}
	return "ok"
}

func parsed(file []byte) []*x509.Certificate {
	var found []*x509.Certificate
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			panic(err)
		}
		found = append(found, certificate)
	}
	return found
}

// merged is what helm makes of a values file (as JSON) and --set flags, each followed by its text.
func merged(file string, flags []string) (map[string]any, error) {
	const path = "values.json"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		panic(err)
	}
	options := values.Options{ValueFiles: []string{path}}
	lists := map[string]*[]string{
		"--set":         &options.Values,
		"--set-file":    &options.FileValues,
		"--set-json":    &options.JSONValues,
		"--set-literal": &options.LiteralValues,
		"--set-string":  &options.StringValues,
	}
	for i := 0; i < len(flags); i += 2 {
		list := lists[flags[i]]
		*list = append(*list, flags[i+1])
	}
	return options.MergeValues(getter.Providers{})
}

// exact is a value whose floating-point numbers cannot be taken for integers in JSON.
func exact(value any) any {
	switch value := value.(type) {
	case float64:
		return json.Number(strconv.FormatFloat(value, 'e', -1, 64))
	case []any:
		for i := range value {
			value[i] = exact(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = exact(value[key])
		}
	}
	return value
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
