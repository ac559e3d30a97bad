package main

import (
	"log"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// recorder writes Events as a kubelet does: one object for each distinct event of a pod, with a count.
type recorder struct {
	client *client
	queue  chan said
	mu     sync.Mutex
	seen   map[string]map[string]*counted // pod UID -> reason and message -> what was written
}

type counted struct {
	name  string
	count int
}

type said struct {
	pod                             meta
	node, field, kind, reason, text string
	at                              time.Time
}

func newRecorder(c *client) *recorder {
	r := &recorder{client: c, queue: make(chan said, 4096), seen: map[string]map[string]*counted{}}
	go r.work()
	return r
}

func (r *recorder) say(p *pod, field, reason, text string)  { r.put(p, field, "Normal", reason, text) }
func (r *recorder) warn(p *pod, field, reason, text string) { r.put(p, field, "Warning", reason, text) }

// put never blocks the runtime: when the API server cannot keep up, events are lost, as in a real cluster.
func (r *recorder) put(p *pod, field, kind, reason, text string) {
	select {
	case r.queue <- said{p.Metadata, p.Spec.NodeName, field, kind, reason, text, time.Now()}:
	default:
		log.Printf("event lost: %s %s", reason, text)
	}
}

func (r *recorder) forget(uid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seen, uid)
}

func (r *recorder) work() {
	for event := range r.queue {
		if err := r.write(event); err != nil && !hasCode(err, http.StatusForbidden) && !hasCode(err, http.StatusNotFound) {
			log.Printf("event %s of %s: %v", event.reason, event.pod.Name, err)
		}
	}
}

func (r *recorder) write(e said) error {
	path := "/api/v1/namespaces/" + e.pod.Namespace + "/events"
	now := stamp(e.at)
	key := e.field + "\x00" + e.reason + "\x00" + e.text
	r.mu.Lock()
	if r.seen[e.pod.UID] == nil {
		r.seen[e.pod.UID] = map[string]*counted{}
	}
	old := r.seen[e.pod.UID][key]
	if old == nil {
		old = &counted{name: e.pod.Name + "." + strconv.FormatInt(e.at.UnixNano(), 16)}
		r.seen[e.pod.UID][key] = old
	}
	old.count++
	name, count := old.name, old.count
	r.mu.Unlock()
	if count > 1 {
		return r.client.patch(path+"/"+name, mergePatch, map[string]any{"count": count, "lastTimestamp": now}, nil)
	}
	involved := map[string]any{
		"apiVersion": "v1", "kind": "Pod", "name": e.pod.Name, "namespace": e.pod.Namespace, "uid": e.pod.UID,
		"resourceVersion": e.pod.ResourceVersion,
	}
	if e.field != "" {
		involved["fieldPath"] = e.field
	}
	return r.client.create(path, map[string]any{
		"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"name": name, "namespace": e.pod.Namespace},
		"involvedObject": involved, "type": e.kind, "reason": e.reason, "message": e.text,
		"source": map[string]any{"component": "kubelet", "host": e.node}, "reportingComponent": "kubelet",
		"reportingInstance": e.node, "firstTimestamp": now, "lastTimestamp": now, "count": 1,
	}, nil)
}
