package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// imageClass is how a kind of software behaves once it is started.
type imageClass struct {
	name  string
	ready time.Duration // from start to the first passing readiness probe
	needs []string      // classes in the namespace that must be ready first
	size  int64         // bytes, as told in the Pulled event
}

var (
	appClass     = &imageClass{name: "app", ready: pause(1500), needs: []string{"postgres", "redis"}, size: 48_213_551}
	genericClass = &imageClass{name: "generic", ready: pause(800), size: 21_004_887}
	// classes maps the last part of a repository name to its behaviour. Repositories that are not here cannot be
	// pulled, as a mistyped name cannot.
	classes = map[string]*imageClass{
		"llm-cost-ops": appClass,
		"postgres":     {name: "postgres", ready: pause(2200), size: 152_804_333},
		"postgresql":   {name: "postgres", ready: pause(2200), size: 91_804_333},
		"timescaledb":  {name: "postgres", ready: pause(2200), size: 182_804_333},
		"redis":        {name: "redis", ready: pause(900), size: 45_302_118},
		"valkey":       {name: "redis", ready: pause(900), size: 43_302_118},
		"prometheus":   {name: "prometheus", ready: pause(1500), size: 112_405_221},
		"grafana":      {name: "grafana", ready: pause(1800), size: 201_775_014},
	}
	genericNames = []string{
		"nginx", "httpd", "busybox", "alpine", "debian", "ubuntu", "curl", "kubectl", "pause", "echo-server", "podinfo",
		"node-exporter", "kube-state-metrics", "postgres-exporter", "postgres_exporter", "redis-exporter", "redis_exporter",
		"alertmanager", "python", "os-shell", "whoami", "hello-world", "test",
	}
)

func init() {
	for _, name := range genericNames {
		classes[name] = genericClass
	}
}

// repositoryName is the last part of the image's repository: `llm-cost-ops` for `ghcr.io/x/llm-cost-ops:v1`.
func repositoryName(image string) string {
	name, _, _ := strings.Cut(image, "@")
	name = name[strings.LastIndex(name, "/")+1:]
	name, _, _ = strings.Cut(name, ":")
	return name
}

// fullReference spells an image as the container runtime does.
func fullReference(image string) string {
	if strings.Contains(image, "@") {
		return image
	}
	first, rest, hasPath := strings.Cut(image, "/")
	switch {
	case !hasPath:
		image = "docker.io/library/" + first
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		image = "docker.io/" + first + "/" + rest
	}
	if !strings.Contains(image[strings.LastIndex(image, "/")+1:], ":") {
		image += ":latest"
	}
	return image
}

func classOf(image string) *imageClass {
	if class := classes[repositoryName(image)]; class != nil {
		return class
	}
	return genericClass
}

// unknownTags are tags that no registry of the sandbox has, so that a mistyped tag can be tried.
var unknownTags = map[string]bool{"missing": true, "does-not-exist": true, "no-such-tag": true, "nope": true}

// pullProblem is why the image cannot be pulled by anybody, or empty.
func pullProblem(image string) string {
	full := fullReference(image)
	tag := full[strings.LastIndex(full, ":")+1:]
	switch {
	case classes[repositoryName(image)] == nil:
		return fmt.Sprintf(scenarios["image-pull"].pull, full)
	case unknownTags[tag]:
		return fmt.Sprintf("failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", full, full, full)
	}
	return ""
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

func imageID(image string) string {
	full := fullReference(image)
	if at := strings.Index(full, "@"); at >= 0 {
		return full
	}
	return full[:strings.LastIndex(full, ":")] + "@sha256:" + digest("image", full)
}
