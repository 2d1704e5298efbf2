# shellcheck shell=bash disable=SC2034 # who reads this file uses the variables
# What the scripts of this folder share.
KUBERNETES=v1.34.4
COREDNS=v1.12.4
METRICS_SERVER=v0.8.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# What is built lies outside the checkout, and what runs inside it: environment of any clone.
CACHE=${TRIAL_CACHE:-$HOME/.cache/barrage/k8s}
BIN=$CACHE/bin
STATE=${TRIAL:-$root/target/trial}/k8s
# Paths of sockets are short.
RUN=/run/barrage-trial-k8s
export KUBECONFIG=$STATE/admin.conf
export DOCKER_HOST=${DOCKER_HOST:-unix://${TRIAL:-$root/target/trial}/docker.sock}

# Two nodes. The control plane runs beside the first.
nodes=(1 2)
address() { echo "10.77.0.$1"; }
pods_of() { echo "10.244.$1.0/24"; }
network_of() { echo "/run/netns/barrage-trial-$1"; }
socket_of() { echo "$RUN/$1/containerd.sock"; }

# inside NODE COMMAND…: in the network of a node, which leads nowhere else.
inside() { local node=$1; shift; nsenter --net="$(network_of "$node")" "$@"; }
pause() { read -rt "$1" <> <(:) || true; }
# until_true SECONDS WHAT COMMAND…: waits for a fact.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "never: $what"
    pause 0.3
  done
}
fail() { echo "$(date +%T) FAILED: $*" >&2; exit 1; }

# start NODE NAME COMMAND…: in the background, with a file for its id and one for what it says.
start() {
  local node=$1 name=$2
  shift 2
  setsid nsenter --net="$(network_of "$node")" "$@" >> "$STATE/log/$name.log" 2>&1 < /dev/null &
  echo $! > "$STATE/pid/$name"
}
# stop NAME…: by the ids that start wrote, and no other.
stop() {
  local name pid
  for name in "$@"; do
    [[ -f $STATE/pid/$name ]] || continue
    pid=$(cat "$STATE/pid/$name")
    kill "$pid" 2> /dev/null && timeout 20 tail --pid="$pid" -f /dev/null
    kill -9 "$pid" 2> /dev/null || true
    rm "$STATE/pid/$name"
  done
}
