package main

import (
	"log"
	"net/http"
	"sync"
)

// provisioner is the provisioner of the sandbox's StorageClasses.
const provisioner = "volumes.llm-cost-ops.local"

// claim is a PersistentVolumeClaim.
type claim struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		AccessModes      []string `json:"accessModes"`
		VolumeName       string   `json:"volumeName"`
		VolumeMode       string   `json:"volumeMode"`
		StorageClassName string   `json:"storageClassName"`
		Resources        struct {
			Requests map[string]string `json:"requests"`
		} `json:"resources"`
	} `json:"spec"`
	Status struct {
		Phase    string            `json:"phase"`
		Capacity map[string]string `json:"capacity"`
	} `json:"status"`
}

type persistentVolume struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		ReclaimPolicy string `json:"persistentVolumeReclaimPolicy"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

type storageClass struct {
	Metadata      meta   `json:"metadata"`
	ReclaimPolicy string `json:"reclaimPolicy"`
}

// volumes is an external provisioner and resizer; it simulates the volumes.
type volumes struct {
	client  *client
	mu      sync.Mutex
	reclaim map[string]string // class -> reclaim policy
}

func newVolumes(c *client) *volumes { return &volumes{client: c, reclaim: map[string]string{}} }

func (v *volumes) classHandler() handler[storageClass] {
	set := func(c storageClass) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.reclaim[c.Metadata.Name] = c.ReclaimPolicy
	}
	return handler[storageClass]{
		replace: func(items []storageClass) {
			for _, item := range items {
				set(item)
			}
		},
		set: set, gone: func(storageClass) {},
	}
}

func (v *volumes) claimChanged(c claim) {
	want := c.Spec.Resources.Requests["storage"]
	switch {
	case c.Metadata.DeletionTimestamp != "":
	case c.Spec.VolumeName == "" && c.Metadata.Annotations["volume.kubernetes.io/storage-provisioner"] == provisioner:
		v.provision(c)
	case c.Status.Phase == "Bound" && c.Status.Capacity["storage"] != "" && c.Status.Capacity["storage"] != want:
		v.resize(c, want)
	}
}

func (v *volumes) provision(c claim) {
	v.mu.Lock()
	policy := v.reclaim[c.Spec.StorageClassName]
	v.mu.Unlock()
	if policy == "" {
		policy = "Delete"
	}
	name := "pvc-" + c.Metadata.UID
	err := v.client.create("/api/v1/persistentvolumes", map[string]any{
		"apiVersion": "v1", "kind": "PersistentVolume",
		"metadata": map[string]any{"name": name, "annotations": map[string]string{"pv.kubernetes.io/provisioned-by": provisioner}},
		"spec": map[string]any{
			"capacity": map[string]string{"storage": c.Spec.Resources.Requests["storage"]}, "accessModes": c.Spec.AccessModes,
			"persistentVolumeReclaimPolicy": policy, "storageClassName": c.Spec.StorageClassName, "volumeMode": c.Spec.VolumeMode,
			"hostPath": map[string]string{"path": "/var/lib/sandbox-volumes/" + name, "type": "DirectoryOrCreate"},
			"claimRef": map[string]string{
				"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": c.Metadata.Name, "namespace": c.Metadata.Namespace, "uid": c.Metadata.UID,
			},
		},
	}, nil)
	if err != nil && !hasCode(err, http.StatusConflict) {
		log.Printf("volume of claim %s/%s: %v", c.Metadata.Namespace, c.Metadata.Name, err)
	}
}

// resize grows volume and claim to what the claim asks for; the API server has already refused to shrink.
func (v *volumes) resize(c claim, want string) {
	capacity := map[string]string{"storage": want}
	err := v.client.patch("/api/v1/persistentvolumes/"+c.Spec.VolumeName, mergePatch, map[string]any{"spec": map[string]any{"capacity": capacity}}, nil)
	if err == nil {
		path := "/api/v1/namespaces/" + c.Metadata.Namespace + "/persistentvolumeclaims/" + c.Metadata.Name + "/status"
		err = v.client.patch(path, mergePatch, map[string]any{"status": map[string]any{"capacity": capacity}}, nil)
	}
	if err != nil {
		log.Printf("resize of claim %s/%s: %v", c.Metadata.Namespace, c.Metadata.Name, err)
	}
}

// volumeHandler removes volumes whose claim is gone and whose policy says so.
func (v *volumes) volumeHandler() handler[persistentVolume] {
	set := func(p persistentVolume) {
		ours := p.Metadata.Annotations["pv.kubernetes.io/provisioned-by"] == provisioner
		if !ours || p.Status.Phase != "Released" || p.Spec.ReclaimPolicy != "Delete" || p.Metadata.DeletionTimestamp != "" {
			return
		}
		if err := v.client.remove("/api/v1/persistentvolumes/"+p.Metadata.Name, nil); err != nil && !hasCode(err, http.StatusNotFound) {
			log.Printf("delete volume %s: %v", p.Metadata.Name, err)
		}
	}
	return handler[persistentVolume]{
		replace: func(items []persistentVolume) {
			for _, item := range items {
				set(item)
			}
		},
		set: set, gone: func(persistentVolume) {},
	}
}
