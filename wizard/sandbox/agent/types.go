package main

import "time"

// The parts of Kubernetes objects that the agent reads or writes; JSON names are those of the API.

type meta struct {
	Name              string            `json:"name,omitempty"`
	Namespace         string            `json:"namespace,omitempty"`
	UID               string            `json:"uid,omitempty"`
	ResourceVersion   string            `json:"resourceVersion,omitempty"`
	Generation        int64             `json:"generation,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	DeletionTimestamp string            `json:"deletionTimestamp,omitempty"`
}

type pod struct {
	Metadata meta      `json:"metadata"`
	Spec     podSpec   `json:"spec"`
	Status   podStatus `json:"status"`
}

type podSpec struct {
	NodeName         string      `json:"nodeName"`
	RestartPolicy    string      `json:"restartPolicy"`
	HostNetwork      bool        `json:"hostNetwork"`
	InitContainers   []container `json:"initContainers"`
	Containers       []container `json:"containers"`
	Volumes          []volume    `json:"volumes"`
	ImagePullSecrets []localRef  `json:"imagePullSecrets"`
	ReadinessGates   []struct {
		ConditionType string `json:"conditionType"`
	} `json:"readinessGates"`
}

type localRef struct {
	Name     string `json:"name"`
	Optional bool   `json:"optional"`
}

type keyRef struct {
	Name     string `json:"name"`
	Key      string `json:"key"`
	Optional bool   `json:"optional"`
}

type container struct {
	Name            string `json:"name"`
	Image           string `json:"image"`
	ImagePullPolicy string `json:"imagePullPolicy"`
	RestartPolicy   string `json:"restartPolicy"`
	ReadinessProbe  *probe `json:"readinessProbe"`
	StartupProbe    *probe `json:"startupProbe"`
	Env             []struct {
		Name      string `json:"name"`
		ValueFrom struct {
			SecretKeyRef    *keyRef `json:"secretKeyRef"`
			ConfigMapKeyRef *keyRef `json:"configMapKeyRef"`
		} `json:"valueFrom"`
	} `json:"env"`
	EnvFrom []struct {
		SecretRef    *localRef `json:"secretRef"`
		ConfigMapRef *localRef `json:"configMapRef"`
	} `json:"envFrom"`
}

type probe struct {
	PeriodSeconds int64 `json:"periodSeconds"`
}

type volumeItems []struct {
	Key string `json:"key"`
}

type volume struct {
	Name   string `json:"name"`
	Secret *struct {
		SecretName string      `json:"secretName"`
		Optional   bool        `json:"optional"`
		Items      volumeItems `json:"items"`
	} `json:"secret"`
	ConfigMap *configMapSource `json:"configMap"`
	Projected *struct {
		Sources []struct {
			Secret    *configMapSource `json:"secret"`
			ConfigMap *configMapSource `json:"configMap"`
		} `json:"sources"`
	} `json:"projected"`
	Claim *struct {
		ClaimName string `json:"claimName"`
	} `json:"persistentVolumeClaim"`
}

type configMapSource struct {
	Name     string      `json:"name"`
	Optional bool        `json:"optional"`
	Items    volumeItems `json:"items"`
}

type podStatus struct {
	ObservedGeneration    int64             `json:"observedGeneration,omitempty"`
	Phase                 string            `json:"phase,omitempty"`
	Reason                string            `json:"reason,omitempty"`
	Message               string            `json:"message,omitempty"`
	HostIP                string            `json:"hostIP,omitempty"`
	HostIPs               []ipEntry         `json:"hostIPs,omitempty"`
	PodIP                 string            `json:"podIP,omitempty"`
	PodIPs                []ipEntry         `json:"podIPs,omitempty"`
	StartTime             string            `json:"startTime,omitempty"`
	Conditions            []condition       `json:"conditions,omitempty"`
	InitContainerStatuses []containerStatus `json:"initContainerStatuses,omitempty"`
	ContainerStatuses     []containerStatus `json:"containerStatuses,omitempty"`
}

type ipEntry struct {
	IP string `json:"ip"`
}

type condition struct {
	Type               string  `json:"type"`
	Status             string  `json:"status"`
	Reason             *string `json:"reason"`
	Message            *string `json:"message"`
	LastTransitionTime string  `json:"lastTransitionTime,omitempty"`
	LastProbeTime      *string `json:"lastProbeTime"`
	ObservedGeneration int64   `json:"observedGeneration,omitempty"`
}

type containerStatus struct {
	Name         string         `json:"name"`
	State        containerState `json:"state"`
	LastState    containerState `json:"lastState"`
	Ready        bool           `json:"ready"`
	Started      *bool          `json:"started,omitempty"`
	RestartCount int            `json:"restartCount"`
	Image        string         `json:"image"`
	ImageID      string         `json:"imageID"`
	ContainerID  string         `json:"containerID,omitempty"`
}

type containerState struct {
	Waiting    *waiting    `json:"waiting,omitempty"`
	Running    *running    `json:"running,omitempty"`
	Terminated *terminated `json:"terminated,omitempty"`
}

type waiting struct {
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

type running struct {
	StartedAt string `json:"startedAt"`
}

type terminated struct {
	ExitCode    int    `json:"exitCode"`
	Signal      int    `json:"signal,omitempty"`
	Reason      string `json:"reason,omitempty"`
	Message     string `json:"message,omitempty"`
	StartedAt   string `json:"startedAt,omitempty"`
	FinishedAt  string `json:"finishedAt,omitempty"`
	ContainerID string `json:"containerID,omitempty"`
}

// keyed is a Secret or a ConfigMap.
type keyed struct {
	Metadata   meta              `json:"metadata"`
	Data       map[string]string `json:"data"`
	BinaryData map[string]string `json:"binaryData"`
}

type node struct {
	Metadata meta `json:"metadata"`
	Status   struct {
		Capacity    map[string]string `json:"capacity"`
		Allocatable map[string]string `json:"allocatable"`
		Addresses   []struct {
			Type    string `json:"type"`
			Address string `json:"address"`
		} `json:"addresses"`
	} `json:"status"`
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func parseStamp(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
