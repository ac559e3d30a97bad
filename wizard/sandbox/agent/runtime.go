package main

import (
	"fmt"
	"strings"
	"time"
)

// pause is how long a step of the simulated runtime takes.
func pause(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }

// stage is where a container is in its life.
type stage int

const (
	fresh     stage = iota // nothing was done yet
	pulling                // the image is being pulled
	pullError              // the pull failed; next comes back-off or another pull
	creating               // the image is there; the environment is looked up
	up                     // the process runs
	crashed                // the process ended and will be started again
	done                   // the process ended for good
)

// run is one container of a pod, over all its restarts.
type run struct {
	stage    stage
	due      time.Time // when the stage ends
	began    time.Time // when the process started, exactly
	pulls    int       // failed pulls in a row
	crashes  int       // exits in a row
	told     string    // the configuration error of the last event
	probeDue time.Time // time of the next event about the present failure
	refusal  string    // output of the failing probe under which the process started, for its log; empty: none fails
	last     []string  // log lines before the process ends, instead of the whole boot
	status   containerStatus
}

// resume makes a run from the status that an earlier agent left.
func resume(status containerStatus, restartPolicy string) *run {
	r := &run{status: status}
	switch state := status.State; {
	case state.Running != nil:
		r.stage, r.began = up, parseStamp(state.Running.StartedAt)
	case state.Terminated != nil && restartPolicy == "Always" && state.Terminated.ExitCode != 0:
		r.stage = crashed
	case state.Terminated != nil:
		r.stage = done
	}
	return r
}

func (r *run) wait(reason, message string) {
	r.status.State = containerState{Waiting: &waiting{reason, message}}
	r.status.Ready = false
	started := false
	r.status.Started = &started
}

func (r *run) terminate(now time.Time, code int, reason string) {
	started := false
	r.status.Ready, r.status.Started = false, &started
	r.status.State = containerState{Terminated: &terminated{
		ExitCode: code, Reason: reason, StartedAt: stamp(r.began), FinishedAt: stamp(now), ContainerID: r.status.ContainerID,
	}}
}

// step advances one container and returns the time of its next step; zero means after another change.
func (k *kubelet) step(t *tracked, c *container, r *run, now time.Time, init bool) time.Time {
	for {
		before := r.stage
		next := k.stepOnce(t, c, r, now, init)
		if r.stage == before {
			return next
		}
	}
}

func (k *kubelet) stepOnce(t *tracked, c *container, r *run, now time.Time, init bool) time.Time {
	p, field := &t.pod, fieldPath(c, init)
	switch r.stage {
	case fresh:
		k.beginPull(p, c, r, now, field)
	case pulling:
		if now.Before(r.due) {
			return r.due
		}
		k.endPull(p, c, r, now, field)
	case pullError:
		if k.pullProblem(p, c) == "" && r.pulls > 0 { // the fault is gone: no need to wait for the end of the back-off
			r.pulls = 0
			k.beginPull(p, c, r, now, field)
			return now
		}
		if r.status.State.Waiting.Reason == "ErrImagePull" {
			if now.Before(r.due) {
				return r.due
			}
			k.backOffPull(p, c, r, now, field)
		}
		if now.Before(r.due) {
			return k.reportBackOff(p, c, r, now, field)
		}
		k.beginPull(p, c, r, now, field)
	case creating:
		if now.Before(r.due) {
			return r.due
		}
		return k.create(p, c, r, now, field)
	case up:
		return k.tend(t, c, r, now, init, field)
	case crashed:
		end := k.exitOf(p, c, init)
		if healed := end == nil || end.code == 0 && p.Spec.RestartPolicy != "Always"; now.Before(r.due) && !healed {
			return r.due
		}
		k.beginPull(p, c, r, now, field)
	}
	return time.Time{}
}

func fieldPath(c *container, init bool) string {
	if init {
		return "spec.initContainers{" + c.Name + "}"
	}
	return "spec.containers{" + c.Name + "}"
}

func (k *kubelet) pullProblem(p *pod, c *container) string {
	fault := k.world.fault(p.Metadata.Namespace, c.Image)
	if text := fault.pull; text != "" && !(fault.login && k.hasLogin(p)) {
		return fmt.Sprintf(text, fullReference(c.Image))
	}
	return pullProblem(c.Image)
}

// hasLogin says whether a pull secret that the pod names is there.
func (k *kubelet) hasLogin(p *pod) bool {
	for _, secret := range p.Spec.ImagePullSecrets {
		if k.world.missing("secret", p.Metadata.Namespace, secret.Name, "") == "" {
			return true
		}
	}
	return false
}

func (k *kubelet) present(p *pod, c *container) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pulled[p.Spec.NodeName+" "+fullReference(c.Image)]
}

func (k *kubelet) beginPull(p *pod, c *container, r *run, now time.Time, field string) {
	r.stage = pulling
	// A node keeps what it pulled, unless the scenario says that the registry must be asked and refuses.
	if c.ImagePullPolicy != "Always" && k.present(p, c) && k.pullProblem(p, c) == "" {
		k.events.say(p, field, "Pulled", fmt.Sprintf("Container image %q already present on machine and can be accessed by the pod", c.Image))
		r.stage, r.due = creating, now.Add(pause(120))
		return
	}
	for _, secret := range p.Spec.ImagePullSecrets {
		if k.world.missing("secret", p.Metadata.Namespace, secret.Name, "") != "" {
			k.events.warn(p, "", "FailedToRetrieveImagePullSecret", fmt.Sprintf(
				"Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed.", secret.Name))
		}
	}
	r.due = now.Add(pause(450))
	k.events.say(p, field, "Pulling", fmt.Sprintf("Pulling image %q", c.Image))
}

func (k *kubelet) endPull(p *pod, c *container, r *run, now time.Time, field string) {
	if problem := k.pullProblem(p, c); problem != "" {
		r.stage, r.due = pullError, now.Add(pause(2000))
		r.pulls++
		r.wait("ErrImagePull", problem)
		k.events.warn(p, field, "Failed", fmt.Sprintf("Failed to pull image %q: %s", c.Image, problem))
		k.events.warn(p, field, "Failed", "Error: ErrImagePull")
		return
	}
	k.mu.Lock()
	k.pulled[p.Spec.NodeName+" "+fullReference(c.Image)] = true
	k.mu.Unlock()
	r.pulls = 0
	r.stage, r.due = creating, now.Add(pause(120))
	k.events.say(p, field, "Pulled", fmt.Sprintf(
		"Successfully pulled image %q in %dms (%dms including waiting). Image size: %d bytes.", c.Image, 447, 447, classOf(c.Image).size))
}

func (k *kubelet) backOffPull(p *pod, c *container, r *run, now time.Time, field string) {
	r.due = now.Add(backOff(r.pulls - 1))
	last := r.status.State.Waiting.Message
	r.wait("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", c.Image, last))
	r.probeDue = time.Time{}
}

// reportBackOff writes the back-off's events as often as a kubelet syncs the pod, and returns the time of the next ones.
func (k *kubelet) reportBackOff(p *pod, c *container, r *run, now time.Time, field string) time.Time {
	if !now.Before(r.probeDue) {
		r.probeDue = now.Add(pause(13000))
		k.events.say(p, field, "BackOff", fmt.Sprintf("Back-off pulling image %q", c.Image))
		k.events.warn(p, field, "Failed", "Error: ImagePullBackOff")
	}
	return earlier(r.due, r.probeDue)
}

// backOff is the kubelet's delay before try n+1: 10 s, doubling, at most five minutes.
func backOff(n int) time.Duration {
	return min(10*time.Second<<min(n, 5), 300*time.Second)
}

// configProblem is why the container cannot be made as it is described, or empty.
func (k *kubelet) configProblem(p *pod, c *container) string {
	if text := k.world.fault(p.Metadata.Namespace, c.Image).config; text != "" {
		return strings.ReplaceAll(text, "%s", p.Metadata.Namespace)
	}
	return k.world.configError(p.Metadata.Namespace, c)
}

// create starts the process, unless something that its environment names is missing.
func (k *kubelet) create(p *pod, c *container, r *run, now time.Time, field string) time.Time {
	if problem := k.configProblem(p, c); problem != "" {
		r.wait("CreateContainerConfigError", problem)
		r.due = now // tried again as soon as a Secret or a ConfigMap of the namespace changes
		if problem != r.told || !now.Before(r.probeDue) {
			r.told, r.probeDue = problem, now.Add(pause(12000))
			k.events.warn(p, field, "Failed", "Error: "+problem)
		}
		return r.probeDue
	}
	r.told, r.probeDue = "", time.Time{}
	r.stage, r.began = up, now
	if r.status.ContainerID != "" {
		r.status.RestartCount++
	}
	r.status.ContainerID = "containerd://" + digest(p.Metadata.UID, c.Name, fmt.Sprint(r.status.RestartCount))
	r.status.Image, r.status.ImageID = fullReference(c.Image), imageID(c.Image)
	r.status.State = containerState{Running: &running{stamp(now)}}
	fault := k.world.fault(p.Metadata.Namespace, c.Image)
	r.refusal, r.last = fault.probe, nil
	if fault.exit != nil {
		r.last = fault.exit.last
	}
	k.events.say(p, field, "Created", "Container created")
	k.events.say(p, field, "Started", "Container started")
	return now
}

// tend updates a running process: whether it ends, is started, is ready.
func (k *kubelet) tend(t *tracked, c *container, r *run, now time.Time, init bool, field string) time.Time {
	p := &t.pod
	if end := k.exitOf(p, c, init); end != nil {
		if at := r.began.Add(end.after); now.Before(at) {
			k.probe(t, c, r, now, field)
			return at
		}
		k.exited(p, c, r, now, end, field, init)
		return r.due
	}
	return k.probe(t, c, r, now, field)
}

// exitOf is how and when the process ends by itself; nil means that it does not.
func (k *kubelet) exitOf(p *pod, c *container, init bool) *exit {
	if fault := k.world.fault(p.Metadata.Namespace, c.Image); fault.exit != nil && !init {
		return fault.exit
	}
	switch {
	case init && c.RestartPolicy != "Always":
		return &exit{after: pause(400), reason: "Completed"}
	case !init && p.Spec.RestartPolicy != "Always":
		return &exit{after: pause(1200), reason: "Completed"}
	}
	return nil
}

func (k *kubelet) exited(p *pod, c *container, r *run, now time.Time, end *exit, field string, init bool) {
	if end.killed != "" {
		k.events.warn(p, field, "Unhealthy", "Liveness probe failed: "+end.killed)
		k.events.say(p, field, "Killing", fmt.Sprintf("Container %s failed liveness probe, will be restarted", c.Name))
	}
	r.terminate(now, end.code, end.reason)
	again := p.Spec.RestartPolicy == "Always" && !init || c.RestartPolicy == "Always" || p.Spec.RestartPolicy != "Never" && end.code != 0
	if !again {
		r.stage = done
		return
	}
	r.stage = crashed
	r.crashes++
	if r.crashes == 1 { // the first restart is immediate, as the kubelet's is
		r.due = now.Add(pause(600))
	} else {
		delay := backOff(r.crashes - 2)
		r.due = now.Add(delay)
		k.events.warn(p, field, "BackOff", fmt.Sprintf(
			"Back-off restarting failed container %s in pod %s_%s(%s)", c.Name, p.Metadata.Name, p.Metadata.Namespace, p.Metadata.UID))
		r.status.LastState = r.status.State
		r.wait("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
			delay, c.Name, p.Metadata.Name, p.Metadata.Namespace, p.Metadata.UID))
	}
	if r.status.State.Terminated != nil {
		r.status.LastState = r.status.State
	}
}

// probe sets started and ready, and writes events about a failing probe.
func (k *kubelet) probe(t *tracked, c *container, r *run, now time.Time, field string) time.Time {
	p, class := &t.pod, classOf(c.Image)
	started := c.StartupProbe == nil || !now.Before(r.began.Add(class.ready/2))
	r.status.Started = &started
	if c.ReadinessProbe == nil {
		r.status.Ready = started
		if started {
			return time.Time{}
		}
		return r.began.Add(class.ready / 2)
	}
	if problem := k.world.fault(p.Metadata.Namespace, c.Image).probe; problem != "" {
		return k.failProbe(p, c, r, now, field, problem, pause(1000))
	}
	if r.status.Ready {
		return time.Time{}
	}
	if at := r.began.Add(class.ready); now.Before(at) {
		return at
	}
	if !k.othersReady(p.Metadata.Namespace, class.needs) { // tried again when one of them becomes ready
		return k.failProbe(p, c, r, now, field, scenarios["never-ready"].probe, pause(6000))
	}
	r.status.Ready, r.crashes, r.probeDue = true, 0, time.Time{}
	return time.Time{}
}

// failProbe makes the container unready and writes an event once per probe period, after the initial delay.
func (k *kubelet) failProbe(p *pod, c *container, r *run, now time.Time, field, problem string, delay time.Duration) time.Time {
	if first := r.began.Add(delay); now.Before(first) {
		return first
	}
	r.status.Ready = false
	if !now.Before(r.probeDue) {
		r.probeDue = now.Add(time.Duration(max(c.ReadinessProbe.PeriodSeconds, 1)) * time.Second)
		k.events.warn(p, field, "Unhealthy", "Readiness probe failed: "+problem)
	}
	return r.probeDue
}
