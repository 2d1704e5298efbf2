#!/usr/bin/env bash
# One node: containerd, kubelet and kube-proxy: node.sh up NODE | down NODE | ctr NODE …
# Traps of a node beside others on one machine: a tree of control groups, an address range and a state folder of its own.
set -euo pipefail
# shellcheck source=xtask/trial/k8s/environment.sh
. "$(dirname "$0")/environment.sh"
node=${2:?}
here=$STATE/node$node
socket=$(socket_of "$node")
groups() { find /sys/fs/cgroup -maxdepth 2 -name "barrage-trial-$node"; }

containerd_files() {
  mkdir -p "$here/cni" "$RUN/$node"
  cat > "$here/cni/pods.conf" <<JSON
{ "cniVersion": "0.3.1", "name": "pods", "type": "ptp",
  "ipam": { "type": "host-local", "dataDir": "$here/addresses", "ranges": [[{ "subnet": "$(pods_of "$node")" }]],
            "routes": [{ "dst": "0.0.0.0/0" }] } }
JSON
  cat > "$here/containerd.toml" <<TOML
version = 2
root = "$here/containerd"
state = "$RUN/$node/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "$socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/trial/pause:1"
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE nobody may be protected from the OOM killer.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$CACHE/debian/usr/lib/cni"
    conf_dir = "$here/cni"
TOML
}
kubelet_files() {
  local controller
  for controller in /sys/fs/cgroup/*/; do
    [[ $controller == */unified/ ]] || mkdir -p "$controller/barrage-trial-$node"
  done
  # A node's resolv.conf names no server: what the cluster does not know, nobody knows.
  : > "$here/resolv.conf"
  cat > "$here/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $(address "$node")
containerRuntimeEndpoint: unix://$socket
cgroupDriver: cgroupfs
cgroupRoot: /barrage-trial-$node
failCgroupV1: false
failSwapOn: false
clusterDNS: [$(address 1)]
clusterDomain: cluster.local
resolvConf: $here/resolv.conf
authentication: { anonymous: { enabled: true }, webhook: { enabled: false } }
authorization: { mode: AlwaysAllow }
evictionHard: { memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1% }
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
volumePluginDir: $here/plugins
podLogsDir: $here/logs
localStorageCapacityIsolation: false
serializeImagePulls: false
YAML
  cat > "$here/proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clientConnection: { kubeconfig: $STATE/proxy.conf }
clusterCIDR: 10.244.0.0/16
hostnameOverride: node$node
# Limits of connections belong to the machine.
conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
YAML
}

# containerd answers before its part for Kubernetes does, and a kubelet that comes too early ends.
kubelet() {
  for _ in $(seq 10); do
    start "$node" "kubelet$node" "$BIN/kubelet" --config="$here/kubelet.yaml" --kubeconfig="$STATE/node$node.conf" \
      --hostname-override="node$node" --node-ip="$(address "$node")" --root-dir="$here/kubelet" --cert-dir="$here/kubelet/pki"
    pause 5
    kill -0 "$(cat "$STATE/pid/kubelet$node")" 2> /dev/null && return
  done
  fail "the kubelet of node $node does not stay: $STATE/log/kubelet$node.log"
}
is_ready() { inside 1 kubectl get node "node$node" --no-headers | grep ' Ready'; }

on_node() { ctr --address "$socket" --namespace k8s.io "$@"; }

up() {
  containerd_files
  start "$node" "containerd$node" containerd --config "$here/containerd.toml"
  until_true 30 'containerd answers' on_node version
  "$(dirname "$0")/images.sh" "$node"
  kubelet_files
  kubelet
  start "$node" "kube-proxy$node" "$BIN/kube-proxy" --config="$here/proxy.yaml"
  until_true 60 "node $node is ready" is_ready
}

# forget CONTAINER: the process, its network, and what the plugins know of it.
forget() {
  local network
  network=$(on_node container info "$1" | jq -r '.Spec.linux.namespaces[] | select(.type == "network").path // empty')
  on_node task rm --force "$1" > /dev/null 2>&1 || true
  on_node container rm "$1"
  rm -f /var/lib/cni/results/*-"$1"-*
  [[ ! -e $network || $network != */cni-* ]] || ip netns delete "${network##*/}"
}
down() {
  local container group
  stop "kube-proxy$node" "kubelet$node"
  for container in $([[ ! -S $socket ]] || on_node container ls -q); do forget "$container"; done
  stop "containerd$node"
  awk -v here="$here/" -v run="$RUN/$node/" 'index($2, here) == 1 || index($2, run) == 1 { print $2 }' /proc/mounts | sort -r | xargs --no-run-if-empty umount --lazy
  for group in $(groups); do find "$group" -depth -type d -exec rmdir {} \; 2> /dev/null || true; done
  # Links to the logs of pods.
  find /var/log/containers -lname "$here/*" -delete 2> /dev/null || true
}

case "${1:-}" in
  up | down) "$1" ;;
  ctr) on_node "${@:3}" ;;
  *) echo "usage: node.sh up NODE | down NODE | ctr NODE …" >&2; exit 2 ;;
esac
