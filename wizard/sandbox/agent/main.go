// The sandbox agent simulates what kwok does not: a container runtime that depends on images, Secrets and ConfigMaps,
// a kubelet that serves logs, and a volume provisioner. Standard library only.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"
)

func main() {
	var (
		server = flag.String("server", "", "URL of the API server")
		ca     = flag.String("ca", "", "certificate file of the authority that signed the API server")
		cert   = flag.String("cert", "", "certificate file, used as client of the API server and as kubelet server")
		key    = flag.String("key", "", "key file of --cert")
		listen = flag.String("listen", "127.0.0.1:0", "address of the kubelet endpoint")
	)
	flag.Parse()
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	client, err := newClient(*server, *ca, *cert, *key)
	if err != nil {
		log.Fatalf("agent: %v", err)
	}
	w := newWorld()
	kubelet := newKubelet(client, w)
	volumes := newVolumes(client)
	go watch(ctx, client, "/api/v1/configmaps", w.configMaps(kubelet.wakeNamespace, kubelet.scenarioChanged))
	go watch(ctx, client, "/api/v1/secrets", w.secrets(kubelet.wakeNamespace))
	go watch(ctx, client, "/api/v1/persistentvolumeclaims", w.claims(kubelet.wakeNamespace, volumes))
	go watch(ctx, client, "/api/v1/persistentvolumes", volumes.volumeHandler())
	go watch(ctx, client, "/apis/storage.k8s.io/v1/storageclasses", volumes.classHandler())
	go watch(ctx, client, "/api/v1/nodes", kubelet.nodeHandler())
	// Pods come last: the objects that a pod refers to must be known first.
	if !w.waitSynced(ctx) {
		return
	}
	go watch(ctx, client, "/api/v1/pods", kubelet.podHandler(ctx))
	if err := serve(ctx, *listen, *cert, *key, kubelet); err != nil {
		log.Fatalf("agent: %v", err)
	}
}
