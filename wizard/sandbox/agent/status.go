package main

import (
	"strings"
	"time"
)

// summarize derives phase, conditions and lists of the pod's status from its containers.
func summarize(t *tracked, now time.Time) {
	p, s := &t.pod, &t.pod.Status
	initialized := true
	s.InitContainerStatuses = nil
	var pendingInit []string
	for _, c := range p.Spec.InitContainers {
		r := t.runs[c.Name]
		waitState(r, "PodInitializing")
		if r.stage != done && !(c.RestartPolicy == "Always" && r.stage == up) {
			initialized = false
			pendingInit = append(pendingInit, c.Name)
		}
		status := r.status
		if r.stage == done && status.State.Terminated.ExitCode == 0 {
			status.Ready = true
		}
		s.InitContainerStatuses = append(s.InitContainerStatuses, status)
	}
	s.ContainerStatuses = nil
	var unready []string
	finished, failed, begun := 0, 0, false
	for _, c := range p.Spec.Containers {
		r := t.runs[c.Name]
		if initialized {
			waitState(r, "ContainerCreating")
		} else {
			waitState(r, "PodInitializing")
		}
		if !r.status.Ready {
			unready = append(unready, c.Name)
		}
		begun = begun || r.stage >= up
		if r.stage == done {
			finished++
			if r.status.State.Terminated.ExitCode != 0 {
				failed++
			}
		}
		s.ContainerStatuses = append(s.ContainerStatuses, r.status)
	}
	switch {
	case finished > 0 && finished == len(p.Spec.Containers) && failed > 0:
		s.Phase = "Failed"
	case finished > 0 && finished == len(p.Spec.Containers):
		s.Phase = "Succeeded"
	case begun:
		s.Phase = "Running"
	default:
		s.Phase = "Pending"
	}
	over := s.Phase == "Succeeded"
	stamp := stamp(now)
	t.condition("PodReadyToStartContainers", s.PodIP != "" && !over && s.Phase != "Failed", "", "", stamp)
	switch {
	case over:
		t.condition("Initialized", true, "PodCompleted", "", stamp)
		t.condition("ContainersReady", false, "PodCompleted", "", stamp)
		t.condition("Ready", false, "PodCompleted", "", stamp)
	case !initialized:
		t.condition("Initialized", false, "ContainersNotInitialized", listed("containers with incomplete status", pendingInit), stamp)
		fallthrough
	case len(unready) > 0:
		if initialized {
			t.condition("Initialized", true, "", "", stamp)
		}
		message := listed("containers with unready status", unready)
		t.condition("ContainersReady", false, "ContainersNotReady", message, stamp)
		t.condition("Ready", false, "ContainersNotReady", message, stamp)
	default:
		t.condition("Initialized", true, "", "", stamp)
		t.condition("ContainersReady", true, "", "", stamp)
		t.condition("Ready", t.gatesOpen(), "", "", stamp)
	}
}

func listed(text string, names []string) string { return text + ": [" + strings.Join(names, " ") + "]" }

// waitState sets a new container's reason for waiting, as a kubelet does.
func waitState(r *run, reason string) {
	if r.stage <= creating && (r.status.State.Waiting == nil || r.status.State.Waiting.Message == "") && r.status.State.Terminated == nil {
		r.wait(reason, "")
	}
}

func (t *tracked) gatesOpen() bool {
	for _, gate := range t.pod.Spec.ReadinessGates {
		open := false
		for _, c := range t.pod.Status.Conditions {
			open = open || c.Type == gate.ConditionType && c.Status == "True"
		}
		if !open {
			return false
		}
	}
	return true
}

// condition sets one condition of the pod; its time moves only when its status does.
func (t *tracked) condition(kind string, value bool, reason, message, now string) {
	status := map[bool]string{true: "True", false: "False"}[value]
	next := condition{Type: kind, Status: status, LastTransitionTime: now, ObservedGeneration: t.pod.Metadata.Generation}
	if reason != "" {
		next.Reason = &reason
	}
	if message != "" {
		next.Message = &message
	}
	for i, old := range t.pod.Status.Conditions {
		if old.Type == kind {
			if old.Status == status {
				next.LastTransitionTime = old.LastTransitionTime
			}
			t.pod.Status.Conditions[i] = next
			return
		}
	}
	t.pod.Status.Conditions = append(t.pod.Status.Conditions, next)
}

func podReady(p *pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status == "True"
		}
	}
	return false
}
