#!/usr/bin/env bash
# One network for each node, and a cable between them: network.sh up | down
set -euo pipefail
# shellcheck source=xtask/trial/k8s/environment.sh
. "$(dirname "$0")/environment.sh"

up() {
  local node
  for node in "${nodes[@]}"; do ip netns add "barrage-trial-$node"; done
  ip link add node0 netns barrage-trial-1 type veth peer name node0 netns barrage-trial-2
  for node in "${nodes[@]}"; do
    inside "$node" ip link set lo up
    inside "$node" ip address add "$(address "$node")/24" dev node0
    inside "$node" ip link set node0 up
    # The addresses of Services need a route before they are rewritten.
    inside "$node" ip route add default dev node0
    inside "$node" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
    inside "$node" ip route add "$(pods_of $((3 - node)))" via "$(address $((3 - node)))"
  done
}
down() {
  local node
  for node in "${nodes[@]}"; do
    [[ ! -e $(network_of "$node") ]] || ip netns delete "barrage-trial-$node"
  done
}

case "${1:-}" in
  up | down) "$1" ;;
  *) echo "usage: network.sh up | down" >&2; exit 2 ;;
esac
