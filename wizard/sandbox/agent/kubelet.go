package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// lostAnnotation marks a node whose kubelet does not report.
const lostAnnotation = "sandbox.llm-cost-ops.local/lost"

// kubelet simulates the kubelets of all nodes: one goroutine for each pod that has a node.
type kubelet struct {
	client *client
	world  *world
	events *recorder
	slots  chan struct{} // limits concurrent requests to the API server

	mu     sync.Mutex
	pods   map[string]*tracked // by namespace/name
	hosts  map[string]string   // node -> its address
	nodes  map[string]node
	pulled map[string]bool // node + image
	usedIP map[string]bool
	lastIP int
}

// tracked is one pod on one node. Its status here is the truth; the API server gets a copy whenever it changes.
type tracked struct {
	uid, namespace, path string // path is that of the API object
	wake, gone           chan struct{}
	ready                atomic.Bool
	class                map[string]bool // classes of its containers' images

	mu        sync.Mutex
	pod       pod
	runs      map[string]*run
	sent      string    // the status that was sent last
	sandboxAt time.Time // when its network is ready
	mountDue  time.Time // next event about a volume that cannot be mounted
	stopAt    time.Time
}

func newKubelet(c *client, w *world) *kubelet {
	return &kubelet{
		client: c, world: w, events: newRecorder(c), slots: make(chan struct{}, 16), pods: map[string]*tracked{},
		hosts: map[string]string{}, nodes: map[string]node{}, pulled: map[string]bool{}, usedIP: map[string]bool{},
	}
}

func (t *tracked) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (k *kubelet) wakeNamespace(namespace string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.pods {
		if namespace == "" || t.namespace == namespace {
			t.poke()
		}
	}
}

func (k *kubelet) find(namespace, name string) *tracked {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pods[namespace+"/"+name]
}

func (k *kubelet) podHandler(ctx context.Context) handler[pod] {
	return handler[pod]{
		replace: func(items []pod) {
			present := map[string]bool{}
			for _, item := range items {
				present[item.Metadata.UID] = true
				k.podSet(ctx, item)
			}
			k.mu.Lock()
			for key, t := range k.pods {
				if !present[t.uid] {
					k.drop(key, t)
				}
			}
			k.mu.Unlock()
		},
		set:  func(p pod) { k.podSet(ctx, p) },
		gone: k.podGone,
	}
}

func (k *kubelet) podSet(ctx context.Context, p pod) {
	if p.Spec.NodeName == "" {
		return
	}
	key := p.Metadata.Namespace + "/" + p.Metadata.Name
	k.mu.Lock()
	t := k.pods[key]
	if t != nil && t.uid != p.Metadata.UID {
		k.drop(key, t)
		t = nil
	}
	if t == nil {
		t = adopt(p)
		k.pods[key] = t
		k.usedIP[p.Status.PodIP] = true
		k.mu.Unlock()
		go k.run(ctx, t)
		return
	}
	k.mu.Unlock()
	t.mu.Lock()
	t.pod.Metadata, t.pod.Spec = p.Metadata, p.Spec
	t.mu.Unlock()
	t.poke()
}

func (k *kubelet) podGone(p pod) {
	key := p.Metadata.Namespace + "/" + p.Metadata.Name
	k.mu.Lock()
	defer k.mu.Unlock()
	if t := k.pods[key]; t != nil && t.uid == p.Metadata.UID {
		k.drop(key, t)
		delete(k.usedIP, p.Status.PodIP)
	}
}

// drop forgets a pod; the caller holds the kubelet's lock.
func (k *kubelet) drop(key string, t *tracked) {
	close(t.gone)
	delete(k.pods, key)
	k.events.forget(t.uid)
}

// adopt takes over a pod as its status describes it: new, or already running under an earlier agent.
func adopt(p pod) *tracked {
	t := &tracked{
		uid: p.Metadata.UID, namespace: p.Metadata.Namespace,
		path: "/api/v1/namespaces/" + p.Metadata.Namespace + "/pods/" + p.Metadata.Name,
		pod:  p, wake: make(chan struct{}, 1), gone: make(chan struct{}), runs: map[string]*run{}, class: map[string]bool{},
	}
	for _, group := range [][]containerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for _, status := range group {
			t.runs[status.Name] = resume(status, p.Spec.RestartPolicy)
		}
	}
	for _, c := range append(append([]container{}, p.Spec.InitContainers...), p.Spec.Containers...) {
		if t.runs[c.Name] == nil {
			t.runs[c.Name] = &run{status: containerStatus{Name: c.Name, Image: c.Image}}
		}
	}
	for _, c := range p.Spec.Containers {
		if p.Spec.RestartPolicy == "Always" { // a Job with a database's image serves no clients, so no pod waits for it
			t.class[classOf(c.Image).name] = true
		}
	}
	if p.Status.PodIP != "" {
		t.sandboxAt = time.Now()
	}
	return t
}

func (k *kubelet) run(ctx context.Context, t *tracked) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.gone:
			return
		case <-t.wake:
		case <-timer.C:
		}
		if next := k.sync(t); !next.IsZero() {
			timer.Reset(max(time.Until(next), time.Millisecond))
		} else {
			timer.Stop()
		}
	}
}

// sync advances a pod as far as the present time allows, sends its status, and returns the time of the next sync.
func (k *kubelet) sync(t *tracked) time.Time {
	t.mu.Lock()
	p, now := &t.pod, time.Now()
	if p.Metadata.DeletionTimestamp != "" {
		next := k.stop(t, now)
		t.mu.Unlock()
		return next
	}
	if p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
		t.mu.Unlock()
		return time.Time{}
	}
	next := k.advance(t, now)
	summarize(t, now)
	body, ready := t.change(), podReady(p)
	t.mu.Unlock()
	if body != nil && !k.send(t, body) {
		return now.Add(pause(400))
	}
	if t.ready.Swap(ready) != ready {
		k.wakeNamespace(t.namespace)
	}
	return next
}

// advance works through network, volumes, init containers and containers, in that order, as a kubelet does.
func (k *kubelet) advance(t *tracked, now time.Time) time.Time {
	p := &t.pod
	if p.Status.StartTime == "" {
		p.Status.StartTime = stamp(now)
		p.Status.HostIP = k.hostIP(p.Spec.NodeName)
		p.Status.HostIPs = []ipEntry{{p.Status.HostIP}}
		t.sandboxAt = now.Add(pause(250))
		return now
	}
	if problem := k.world.mountError(p); problem != "" && p.Status.PodIP == "" {
		if !now.Before(t.mountDue) {
			t.mountDue = now.Add(pause(8000))
			k.events.warn(p, "", "FailedMount", problem)
		}
		t.sandboxAt = now.Add(pause(250))
		return t.mountDue
	}
	if now.Before(t.sandboxAt) {
		return t.sandboxAt
	}
	if p.Status.PodIP == "" {
		p.Status.PodIP = k.newIP(p)
		p.Status.PodIPs = []ipEntry{{p.Status.PodIP}}
	}
	var next time.Time
	for i := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[i]
		r := t.runs[c.Name]
		next = earlier(next, k.step(t, c, r, now, true))
		if sidecar := c.RestartPolicy == "Always"; (sidecar && r.stage != up) || (!sidecar && r.stage != done) {
			return next
		}
	}
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		next = earlier(next, k.step(t, c, t.runs[c.Name], now, false))
	}
	return next
}

// stop ends the containers of a deleted pod and then removes the pod.
func (k *kubelet) stop(t *tracked, now time.Time) time.Time {
	p := &t.pod
	if t.stopAt.IsZero() {
		t.stopAt = now.Add(pause(250))
		for _, c := range p.Spec.Containers {
			if t.runs[c.Name].stage == up {
				k.events.say(p, "spec.containers{"+c.Name+"}", "Killing", "Stopping container "+c.Name)
			}
		}
	}
	if now.Before(t.stopAt) {
		return t.stopAt
	}
	for _, r := range t.runs {
		if r.stage == up {
			r.terminate(now, 0, "Completed")
			r.stage = done
		}
	}
	summarize(t, now)
	body := t.change()
	t.mu.Unlock() // the log server must not wait for the API server
	defer t.mu.Lock()
	if body != nil {
		k.send(t, body)
	}
	err := k.client.remove(t.path, map[string]any{
		"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "preconditions": map[string]any{"uid": t.uid},
	})
	if err == nil || hasCode(err, http.StatusNotFound) || hasCode(err, http.StatusConflict) {
		return time.Time{}
	}
	log.Printf("delete %s: %v", t.path, err)
	return now.Add(pause(500))
}

// change returns the status to send, or nil when the API server has it already.
func (t *tracked) change() map[string]any {
	t.pod.Status.ObservedGeneration = t.pod.Metadata.Generation
	raw, err := json.Marshal(t.pod.Status)
	if err != nil || string(raw) == t.sent {
		return nil
	}
	t.sent = string(raw)
	return map[string]any{"metadata": map[string]any{"uid": t.uid}, "status": json.RawMessage(raw)}
}

func (k *kubelet) send(t *tracked, body map[string]any) bool {
	k.slots <- struct{}{}
	err := k.client.patch(t.path+"/status", strategicPatch, body, nil)
	<-k.slots
	if err == nil || hasCode(err, http.StatusNotFound) || hasCode(err, http.StatusConflict) {
		return true
	}
	log.Printf("status of %s: %v", t.path, err)
	t.mu.Lock()
	t.sent = ""
	t.mu.Unlock()
	return false
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func (k *kubelet) hostIP(node string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if host := k.hosts[node]; host != "" {
		return host
	}
	return "127.0.0.1"
}

// newIP returns an unused address of the pod network.
func (k *kubelet) newIP(p *pod) string {
	if p.Spec.HostNetwork {
		return p.Status.HostIP
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		k.lastIP = k.lastIP%65000 + 1
		ip := fmt.Sprintf("10.244.%d.%d", k.lastIP/250, k.lastIP%250+2)
		if !k.usedIP[ip] {
			k.usedIP[ip] = true
			return ip
		}
	}
}

// othersReady says whether every pod of these classes in the namespace is ready; there may be none.
func (k *kubelet) othersReady(namespace string, classes []string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.pods {
		if t.namespace != namespace || t.ready.Load() {
			continue
		}
		for _, class := range classes {
			if t.class[class] {
				return false
			}
		}
	}
	return true
}

func (k *kubelet) nodeHandler() handler[node] {
	set := func(n node) {
		k.mu.Lock()
		k.nodes[n.Metadata.Name] = n
		for _, address := range n.Status.Addresses {
			if address.Type == "InternalIP" {
				k.hosts[n.Metadata.Name] = address.Address
			}
		}
		k.mu.Unlock()
		k.sizeNode(n)
	}
	return handler[node]{
		replace: func(items []node) {
			for _, item := range items {
				set(item)
			}
		},
		set:  set,
		gone: func(n node) { k.mu.Lock(); delete(k.nodes, n.Metadata.Name); k.mu.Unlock() },
	}
}

// scenarioChanged applies a scenario to the nodes and wakes all pods.
func (k *kubelet) scenarioChanged(control) {
	k.mu.Lock()
	nodes := make([]node, 0, len(k.nodes))
	for _, n := range k.nodes {
		nodes = append(nodes, n)
	}
	k.mu.Unlock()
	sort.Slice(nodes, func(a, b int) bool { return nodes[a].Metadata.Name < nodes[b].Metadata.Name })
	for i, n := range nodes {
		k.sizeNode(n)
		k.loseNode(n, i == 0)
	}
	k.wakeNamespace("")
}

// loseNode makes a node unready, or ready again. The annotation keeps kwok from making it ready; the controller manager
// marks the pods on it unready, and their real status is sent again when the node is back.
func (k *kubelet) loseNode(n node, first bool) {
	k.world.mu.Lock()
	lost := first && scenarios[k.world.control.scenario].nodeLost
	k.world.mu.Unlock()
	if lost == (n.Metadata.Annotations[lostAnnotation] != "") {
		return
	}
	path := "/api/v1/nodes/" + n.Metadata.Name
	var mark any
	if lost {
		mark = "true"
	}
	metadata := map[string]any{"annotations": map[string]any{lostAnnotation: mark}}
	if err := k.client.patch(path, strategicPatch, map[string]any{"metadata": metadata}, nil); err != nil {
		log.Printf("losing node %s: %v", n.Metadata.Name, err)
		return
	}
	if lost {
		ready := map[string]any{"type": "Ready", "status": "False", "reason": "KubeletNotReady",
			"message": "container runtime is down", "lastTransitionTime": stamp(time.Now())}
		body := map[string]any{"status": map[string]any{"conditions": []any{ready}}}
		if err := k.client.patch(path+"/status", strategicPatch, body, nil); err != nil {
			log.Printf("losing node %s: %v", n.Metadata.Name, err)
		}
		return
	}
	time.AfterFunc(pause(2000), func() { k.resend(n.Metadata.Name) })
}

// resend sends the status of every pod on a node again.
func (k *kubelet) resend(nodeName string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.pods {
		t.mu.Lock()
		if t.pod.Spec.NodeName == nodeName {
			t.sent = ""
		}
		t.mu.Unlock()
		t.poke()
	}
}

// sizeNode sets a node's allocatable CPU to the scenario's value, or else to its capacity.
func (k *kubelet) sizeNode(n node) {
	k.world.mu.Lock()
	want := scenarios[k.world.control.scenario].nodeCPU
	k.world.mu.Unlock()
	if want == "" {
		want = n.Status.Capacity["cpu"]
	}
	if want == "" || n.Status.Allocatable["cpu"] == "" || n.Status.Allocatable["cpu"] == want {
		return
	}
	body := map[string]any{"status": map[string]any{"allocatable": map[string]any{"cpu": want}}}
	if err := k.client.patch("/api/v1/nodes/"+n.Metadata.Name+"/status", strategicPatch, body, nil); err != nil {
		log.Printf("size of node %s: %v", n.Metadata.Name, err)
	}
}
