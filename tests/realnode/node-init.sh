#!/bin/bash
# First process of the node, in its own mount, pid, uts, ipc and network namespaces; node.py starts it through unshare.
# Arguments: folder of the state, name, address/prefix, gateway. PATH has containerd, its shim, kubelet and kube-proxy.
set -eu
run=$1 name=$2 address=$3 gateway=$4
umask 022
mkdir -p "$run"/{run,lib,log}
mount --bind "$run/run" /run
mount --bind "$run/lib" /var/lib
mount --bind "$run/log" /var/log
mkdir -p /var/lib/kubelet
mount -t tmpfs -o mode=755 kubelet /var/lib/kubelet # what pods write, so that a test can have it run full
mount --bind "$run/resolv.node" /etc/resolv.conf # nothing is ever pulled: names fail at once
hostname "$name"
ip link set lo up
until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip addr add "$address" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
sysctl -qw net.ipv4.ip_forward=1
containerd --config "$run/containerd.toml" >"$run/containerd.log" 2>&1 &
until [ -e "$run/start-kubelet" ]; do sleep 0.05; done
kubelet --config="$run/kubelet.json" --kubeconfig="$run/kubelet.kubeconfig" --root-dir=/var/lib/kubelet \
  --cert-dir=/var/lib/kubelet/pki --hostname-override="$name" --node-ip="${address%/*}" --v=2 >"$run/kubelet.log" 2>&1 &
kube-proxy --config="$run/kube-proxy.json" --hostname-override="$name" --v=2 >"$run/kube-proxy.log" 2>&1 &
while :; do wait -n || true; sleep 1; done # the first process of a namespace reaps whoever is left
