#!/usr/bin/env bash
# Builds Kubernetes, CoreDNS and metrics-server from their Go modules, and unpacks Debian's etcd and network plugins,
# for a machine that reaches no archive of their programs: build.sh [PROGRAM…]
# It takes 15 minutes on two cores that do nothing else. What is built stays in $TRIAL_CACHE, and is not built again.
set -euo pipefail
# shellcheck source=xtask/trial/k8s/environment.sh
. "$(dirname "$0")/environment.sh"
modules=$CACHE/modules

# module NAME PATH@VERSION: a module of our own that needs another. Every library has the version that our Kubernetes
# has, so it is built once for all programs (with -trimpath it would be built for each module).
module() {
  local flags=("-require=$2") library
  mkdir -p "$modules/$1" && cd "$modules/$1"
  [[ ! -f go.sum ]] || return 0
  for library in $(libraries); do flags+=("-replace=$library"); done
  rm -f go.mod
  go mod init "trial/$1" 2> /dev/null
  go mod edit "${flags[@]}"
}
# Kubernetes keeps libraries in its own tree, and publishes each as a module: v1.34.4 uses them as v0.34.4.
libraries() {
  go mod edit -json "$(go mod download -json "k8s.io/kubernetes@$KUBERNETES" | jq -r .GoMod)" | jq -r --arg own "${KUBERNETES/v1/v0}" \
    '.Require[] | select(.Path | startswith("github.com/coredns/") | not) | "\(.Path)=\(.Path)@\(if .Version == "v0.0.0" then $own else .Version end)"'
}
# compile PROGRAM PACKAGE: in the folder of its module.
compile() {
  local linked='-s -w' package began=$SECONDS
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    linked+=" -X $package.gitVersion=$KUBERNETES -X $package.gitMajor=1 -X $package.gitMinor=${KUBERNETES:3:2}"
  done
  CGO_ENABLED=0 GOFLAGS=-mod=mod nice -n 15 go build -p 2 -ldflags "$linked" -o "$BIN/$1" "$2"
  echo "$(date +%T) $1 in $((SECONDS - began)) s"
}

kubernetes() {
  module kubernetes "k8s.io/kubernetes@$KUBERNETES"
  compile "$1" "k8s.io/kubernetes/cmd/$1"
}
# With the few plugins that a cluster needs: all of them would take as long as Kubernetes.
coredns() {
  module coredns "github.com/coredns/coredns@$COREDNS"
  cp "$root/xtask/trial/k8s/coredns.go" main.go
  compile coredns .
}
metrics-server() {
  module metrics-server "sigs.k8s.io/metrics-server@$METRICS_SERVER"
  compile metrics-server sigs.k8s.io/metrics-server/cmd/metrics-server
}
etcd() {
  local package
  mkdir -p "$CACHE/debian" && cd "$CACHE/debian"
  apt-get download --quiet etcd-server containernetworking-plugins
  for package in *.deb; do dpkg-deb --extract "$package" .; done
  cp usr/bin/etcd "$BIN/etcd"
}

mkdir -p "$BIN"
programs=("$@")
((${#programs[@]})) || programs=(etcd kube-controller-manager kube-scheduler kube-proxy kubelet kube-apiserver coredns metrics-server)
for program in "${programs[@]}"; do
  [[ ! -x $BIN/$program ]] || continue
  case $program in
    kube*) (kubernetes "$program") ;;
    *) ("$program") ;;
  esac
done
