#!/usr/bin/env bash
# etcd, apiserver, controller manager, scheduler and DNS, all in the network of node 1: control-plane.sh
# The network leads nowhere, so tokens do where a cluster of one's own needs certificates.
set -euo pipefail
# shellcheck source=xtask/trial/k8s/environment.sh
. "$(dirname "$0")/environment.sh"

# Who may call the apiserver: user NAME GROUP. Its kubeconfig is NAME.conf.
user() {
  local file=$STATE/${1##*:}.conf token
  token=$(cat /proc/sys/kernel/random/uuid)
  echo "$token,$1,$1,\"$2\"" >> "$STATE/tokens.csv"
  kubectl config --kubeconfig="$file" set-cluster trial --server="https://$(address 1):6443" --insecure-skip-tls-verify
  kubectl config --kubeconfig="$file" set-credentials trial --token="$token"
  kubectl config --kubeconfig="$file" set-context trial --cluster=trial --user=trial
  kubectl config --kubeconfig="$file" use-context trial
}
users() {
  local node
  for name in admin controllers scheduler proxy dns metrics; do user "$name" system:masters; done
  for node in "${nodes[@]}"; do user "system:node:node$node" system:nodes; done
  openssl genrsa -out "$STATE/accounts.key" 2048 2> /dev/null
}

apiserver() {
  start 1 etcd "$BIN/etcd" --data-dir "$STATE/etcd" --unsafe-no-fsync --logger zap
  start 1 kube-apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
    --advertise-address="$(address 1)" --cert-dir="$STATE/apiserver" --token-auth-file="$STATE/tokens.csv" \
    --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-signing-key-file="$STATE/accounts.key" --service-account-key-file="$STATE/accounts.key" \
    --kubelet-preferred-address-types=InternalIP --enable-aggregator-routing=true
  until_true 120 'the apiserver is ready' inside 1 kubectl get --raw /readyz
}
controllers() {
  start 1 kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig="$STATE/controllers.conf" \
    --authentication-kubeconfig="$STATE/controllers.conf" --authorization-kubeconfig="$STATE/controllers.conf" \
    --service-account-private-key-file="$STATE/accounts.key" --leader-elect=false --bind-address=127.0.0.1
  start 1 kube-scheduler "$BIN/kube-scheduler" --kubeconfig="$STATE/scheduler.conf" \
    --authentication-kubeconfig="$STATE/scheduler.conf" --authorization-kubeconfig="$STATE/scheduler.conf" \
    --leader-elect=false --bind-address=127.0.0.1
}
# As a cluster's own: names are cached for 30 s. What it does not know, nobody knows.
dns() {
  cat > "$STATE/Corefile" <<COREFILE
cluster.local {
  bind $(address 1)
  errors
  kubernetes {
    kubeconfig $STATE/dns.conf
    ttl 30
  }
  cache 30
}
. {
  bind $(address 1)
  template ANY ANY {
    rcode NXDOMAIN
  }
}
COREFILE
  start 1 coredns "$BIN/coredns" -conf "$STATE/Corefile"
}

mkdir -p "$STATE"/{log,pid}
users > /dev/null
apiserver
controllers
dns
