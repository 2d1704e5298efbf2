#!/usr/bin/env bash
# The images that k8s/local names, from a Docker engine into the containerd of a node: images.sh NODE
# They are those of the Dockerfile and of ../images.sh. Only node 1 has Kafka, the table and Jaeger.
set -euo pipefail
# shellcheck source=xtask/trial/k8s/environment.sh
. "$(dirname "$0")/environment.sh"
node=${1:?}

# What keeps a pod's network: it sleeps.
sleeper() {
  local context=$STATE/pause
  mkdir -p "$context"
  echo 'int pause(void); int main(void) { for (;;) pause(); }' | gcc -Os -static -s -x c -o "$context/pause" -
  tar -C "$context" -c pause | docker import --change 'ENTRYPOINT ["/pause"]' - trial/pause:1 > /dev/null
}
named() { kubectl kustomize "$root/k8s/local" | sed -n 's/^.* image: //p' | sort -u; }

docker image inspect trial/pause:1 > /dev/null 2>&1 || sleeper
mapfile -t images < <(named | if ((node == 1)); then cat; else grep -E 'homepage|router|processor'; fi)
docker save "${images[@]}" trial/pause:1 \
  | ctr --address "$(socket_of "$node")" --namespace k8s.io images import - > /dev/null
