package main

import (
	"context"
	"fmt"
	"sync"
)

// controlNamespace and controlName name the ConfigMap with the current scenario.
const (
	controlNamespace = "kube-system"
	controlName      = "llm-cost-ops-sandbox"
)

// world holds what pods refer to: which Secrets, ConfigMaps and claims exist, with the names of their keys. Values are
// not stored: the agent does not need them.
type world struct {
	mu       sync.Mutex
	keys     map[string]map[string]map[string]bool // kind -> namespace/name -> key names
	bound    map[string]bool                       // namespace/name of claims -> bound
	control  control
	unsynced sync.WaitGroup
}

// control is the decoded scenario object.
type control struct {
	scenario  string
	image     string // only pods with an image of this repository name are affected
	namespace string // only pods of this namespace, unless empty
}

func newWorld() *world {
	w := &world{keys: map[string]map[string]map[string]bool{"secret": {}, "configmap": {}}, bound: map[string]bool{}}
	w.unsynced.Add(3)
	return w
}

// waitSynced returns true when each collection was listed once, false when ctx ended before.
func (w *world) waitSynced(ctx context.Context) bool {
	done := make(chan struct{})
	go func() { w.unsynced.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

func keyNames(k keyed) map[string]bool {
	names := make(map[string]bool, len(k.Data)+len(k.BinaryData))
	for name := range k.Data {
		names[name] = true
	}
	for name := range k.BinaryData {
		names[name] = true
	}
	return names
}

func (w *world) keyedHandler(kind string, wake func(namespace string), extra func(keyed, bool)) handler[keyed] {
	var once sync.Once
	set := func(k keyed) {
		w.mu.Lock()
		w.keys[kind][k.Metadata.Namespace+"/"+k.Metadata.Name] = keyNames(k)
		w.mu.Unlock()
		extra(k, true)
		wake(k.Metadata.Namespace)
	}
	return handler[keyed]{
		replace: func(items []keyed) {
			w.mu.Lock()
			w.keys[kind] = map[string]map[string]bool{}
			w.mu.Unlock()
			for _, item := range items {
				set(item)
			}
			once.Do(w.unsynced.Done)
		},
		set: set,
		gone: func(k keyed) {
			w.mu.Lock()
			delete(w.keys[kind], k.Metadata.Namespace+"/"+k.Metadata.Name)
			w.mu.Unlock()
			extra(k, false)
			wake(k.Metadata.Namespace)
		},
	}
}

func (w *world) secrets(wake func(string)) handler[keyed] {
	return w.keyedHandler("secret", wake, func(keyed, bool) {})
}

func (w *world) configMaps(wake func(string), changed func(control)) handler[keyed] {
	return w.keyedHandler("configmap", wake, func(k keyed, exists bool) {
		if k.Metadata.Namespace != controlNamespace || k.Metadata.Name != controlName {
			return
		}
		next := control{}
		if exists {
			next = control{k.Data["scenario"], k.Data["image"], k.Data["namespace"]}
		}
		w.mu.Lock()
		w.control = next
		w.mu.Unlock()
		changed(next)
	})
}

func (w *world) claims(wake func(string), v *volumes) handler[claim] {
	var once sync.Once
	set := func(c claim) {
		w.mu.Lock()
		w.bound[c.Metadata.Namespace+"/"+c.Metadata.Name] = c.Status.Phase == "Bound"
		w.mu.Unlock()
		wake(c.Metadata.Namespace)
		go v.claimChanged(c)
	}
	return handler[claim]{
		replace: func(items []claim) {
			w.mu.Lock()
			w.bound = map[string]bool{}
			w.mu.Unlock()
			for _, item := range items {
				set(item)
			}
			once.Do(w.unsynced.Done)
		},
		set: set,
		gone: func(c claim) {
			w.mu.Lock()
			delete(w.bound, c.Metadata.Namespace+"/"+c.Metadata.Name)
			w.mu.Unlock()
		},
	}
}

// fault is the effect of the current scenario on this container; the zero fault has no effect.
func (w *world) fault(namespace, image string) fault {
	w.mu.Lock()
	c := w.control
	w.mu.Unlock()
	if c.scenario == "" || (c.namespace != "" && c.namespace != namespace) || repositoryName(image) != c.image {
		return fault{}
	}
	return scenarios[c.scenario]
}

// missing returns the kubelet's message about an unsatisfied reference; empty when it is satisfied.
func (w *world) missing(kind, namespace, name, key string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys, found := w.keys[kind][namespace+"/"+name]
	if !found {
		return fmt.Sprintf("%s %q not found", kind, name)
	}
	if key != "" && !keys[key] {
		title := map[string]string{"secret": "Secret", "configmap": "ConfigMap"}[kind]
		return fmt.Sprintf("couldn't find key %s in %s %s/%s", key, title, namespace, name)
	}
	return ""
}

// configError is why the container's environment cannot be created, or empty.
func (w *world) configError(namespace string, c *container) string {
	for _, from := range c.EnvFrom {
		if ref := from.ConfigMapRef; ref != nil && !ref.Optional {
			if problem := w.missing("configmap", namespace, ref.Name, ""); problem != "" {
				return problem
			}
		}
		if ref := from.SecretRef; ref != nil && !ref.Optional {
			if problem := w.missing("secret", namespace, ref.Name, ""); problem != "" {
				return problem
			}
		}
	}
	for _, env := range c.Env {
		if ref := env.ValueFrom.ConfigMapKeyRef; ref != nil && !ref.Optional {
			if problem := w.missing("configmap", namespace, ref.Name, ref.Key); problem != "" {
				return problem
			}
		}
		if ref := env.ValueFrom.SecretKeyRef; ref != nil && !ref.Optional {
			if problem := w.missing("secret", namespace, ref.Name, ref.Key); problem != "" {
				return problem
			}
		}
	}
	return ""
}

// mountError is why a volume of the pod cannot be mounted, or empty.
func (w *world) mountError(p *pod) string {
	for _, v := range p.Spec.Volumes {
		problem := ""
		switch {
		case v.Secret != nil && !v.Secret.Optional:
			problem = w.missingItems("secret", p.Metadata.Namespace, v.Secret.SecretName, v.Secret.Items)
		case v.ConfigMap != nil && !v.ConfigMap.Optional:
			problem = w.missingItems("configmap", p.Metadata.Namespace, v.ConfigMap.Name, v.ConfigMap.Items)
		case v.Projected != nil:
			for _, source := range v.Projected.Sources {
				if s := source.Secret; s != nil && !s.Optional && problem == "" {
					problem = w.missingItems("secret", p.Metadata.Namespace, s.Name, s.Items)
				}
				if s := source.ConfigMap; s != nil && !s.Optional && problem == "" {
					problem = w.missingItems("configmap", p.Metadata.Namespace, s.Name, s.Items)
				}
			}
		case v.Claim != nil:
			w.mu.Lock()
			bound := w.bound[p.Metadata.Namespace+"/"+v.Claim.ClaimName]
			w.mu.Unlock()
			if !bound {
				problem = fmt.Sprintf("persistentvolumeclaim %q not bound", v.Claim.ClaimName)
			}
		}
		if problem != "" {
			return fmt.Sprintf("MountVolume.SetUp failed for volume %q : %s", v.Name, problem)
		}
	}
	return ""
}

func (w *world) missingItems(kind, namespace, name string, items volumeItems) string {
	if problem := w.missing(kind, namespace, name, ""); problem != "" {
		return problem
	}
	for _, item := range items {
		if w.missing(kind, namespace, name, item.Key) != "" {
			return fmt.Sprintf("references non-existent %s key: %s", map[string]string{"secret": "secret", "configmap": "config"}[kind], item.Key)
		}
	}
	return ""
}
