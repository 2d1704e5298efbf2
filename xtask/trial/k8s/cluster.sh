#!/usr/bin/env bash
# A Kubernetes of two nodes on this machine, in networks of its own: cluster.sh up | down | kubectl …
# It needs root, what build.sh builds, Debian's containerd, runc and iptables, kubectl, and an engine that has the images.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=xtask/trial/k8s/environment.sh
. "$here/environment.sh"

# Two volumes for Kafka and the table. They belong to node 1.
volumes() {
  local name
  for name in a b; do
    mkdir -p "$STATE/volumes/$name"
    inside 1 kubectl apply --filename - > /dev/null <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: { name: $name }
spec:
  capacity: { storage: 2Gi }
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  local: { path: $STATE/volumes/$name }
  nodeAffinity:
    required:
      nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [node1] }] }]
YAML
  done
}
# metrics-server is a process beside the apiserver, so its Service has no pods but an address.
metrics() {
  start 1 metrics-server "$BIN/metrics-server" --kubeconfig="$STATE/metrics.conf" \
    --authentication-kubeconfig="$STATE/metrics.conf" --authorization-kubeconfig="$STATE/metrics.conf" \
    --authentication-skip-lookup --cert-dir="$STATE/metrics-server" --secure-port=4443 --kubelet-insecure-tls \
    --kubelet-preferred-address-types=InternalIP --metric-resolution=15s
  inside 1 kubectl apply --filename - > /dev/null <<YAML
apiVersion: v1
kind: Service
metadata: { name: metrics-server, namespace: kube-system }
spec: { ports: [{ name: https, port: 443, targetPort: 4443 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: metrics-server, namespace: kube-system, labels: { kubernetes.io/service-name: metrics-server } }
addressType: IPv4
ports: [{ name: https, port: 4443 }]
endpoints: [{ addresses: [$(address 1)] }]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: { name: v1beta1.metrics.k8s.io }
spec:
  group: metrics.k8s.io
  version: v1beta1
  service: { name: metrics-server, namespace: kube-system }
  insecureSkipTLSVerify: true
  groupPriorityMinimum: 100
  versionPriority: 100
---
# The apiserver calls it as nobody.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: metrics-reader }
rules:
  - { apiGroups: [metrics.k8s.io], resources: ["*"], verbs: [get, list] }
  - { nonResourceURLs: ["/apis/*"], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: metrics-reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: metrics-reader }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:anonymous" }]
YAML
}

up() {
  local began=$SECONDS node
  mkdir -p "$STATE"/{log,pid} "$RUN"
  "$here/network.sh" up
  "$here/control-plane.sh"
  for node in "${nodes[@]}"; do "$here/node.sh" up "$node"; done
  volumes
  metrics
  echo "$(date +%T) up in $((SECONDS - began)) s: $(inside 1 kubectl get nodes --no-headers | awk '{ print $1, $2, $5 }' | xargs)"
}
# Everything that up made is gone: processes, networks, control groups, mounts, files. What was built stays.
down() {
  local node
  for node in "${nodes[@]}"; do "$here/node.sh" down "$node"; done
  stop metrics-server coredns kube-scheduler kube-controller-manager kube-apiserver etcd
  "$here/network.sh" down
  rm -rf "$STATE" "$RUN"
}

case "${1:-}" in
  up | down) "$1" ;;
  kubectl) shift && inside 1 kubectl "$@" ;;
  *) echo "usage: cluster.sh up | down | kubectl …" >&2; exit 2 ;;
esac
