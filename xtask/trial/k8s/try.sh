#!/usr/bin/env bash
# Tries k8s/local on the cluster of cluster.sh and says what it saw, one line for each fact: try.sh [STEP…]
# It needs curl, jq and the load tester (cargo build -p loadtest, or LOADTEST=PROGRAM).
# shellcheck disable=SC2329 # until_true calls the functions that seem unused
set -euo pipefail
# shellcheck source=xtask/trial/k8s/environment.sh
. "$(dirname "$0")/environment.sh"
LOADTEST=${LOADTEST:-$root/target/debug/loadtest}
overlay=$root/xtask/trial/k8s/barrage

say() { echo "$(date +%T) $*"; }
k() { inside 1 kubectl --namespace barrage "$@"; }
fail() {
  say "FAILED: $*"
  k get pods,hpa --output wide
  k get events --sort-by=.lastTimestamp | tail -15
  exit 1
}
page() { echo "http://$(k get service homepage --output jsonpath='{.spec.clusterIP}')"; }
call() { local path=$1; shift; inside 1 curl --silent --fail "$(page)$path" "$@"; }

# How the pods of a service are: ready of all, restarts in all.
pods() {
  k get pods --output json | jq -r '[.items[] | select(.metadata.deletionTimestamp | not) | { of: .metadata.labels["app.kubernetes.io/name"], it: (.status.containerStatuses // [])[0] }]
    | group_by(.of) | map("\(.[0].of) \(map(select(.it.ready)) | length)/\(length)") + ["restarts \(map(.[].it.restartCount // 0) | add)"] | join(", ")'
}
all_ready() { k wait pods --all --for=condition=Ready --timeout=1s; }
no_restarts() { [[ $(pods) == *'restarts 0' ]] || fail "a pod was restarted: $(pods)"; }

# burst SENDERS SECONDS RATE: prints the id of a new burst.
burst() {
  call /bursts --header 'content-type: application/json' \
    --data "{\"message\":\"hello\",\"concurrency\":$1,\"duration\":$2,\"rate\":$3}" | jq -r .id
}
is_done() { call "/bursts/$1" | jq -e '.state == "done"'; }
# complete ID: every message that the burst sent is stored, each once, by sender and number. A busy machine sends fewer
# in the time than were asked for.
complete() {
  local rows accepted
  until_true 180 "burst $1 is done" is_done "$1"
  accepted=$(call "/bursts/$1" | jq 'select(.failed == 0).accepted')
  rows=$(call "/bursts/$1/results")
  [[ $(wc -l <<< "$rows") == "$accepted" && $(jq -r '"\(.sender)/\(.seq)"' <<< "$rows" | sort -u | wc -l) == "$accepted" ]] \
    || fail "burst $1 is not complete: $(wc -l <<< "$rows") rows of $accepted"
  say "burst $1: $accepted messages accepted, each stored once, by $(jq -r .processor <<< "$rows" | sort | uniq -c | awk '{ print $1 }' | xargs) for each processor"
}
# loaded SECONDS WHAT COMMAND…: does something while 200 messages a second arrive. None may be lost, no call may fail.
loaded() {
  local seconds=$1 what=$2 load began=$SECONDS took failed
  shift 2
  inside 1 "$LOADTEST" "$(page)" --stages "200:$seconds" --expect lost==0 --json "$STATE/load.json" > "$STATE/load.txt" 2>&1 &
  load=$!
  pause 5
  "$@" > "$STATE/done.txt" 2>&1 || { cat "$STATE/done.txt"; fail "$what"; }
  took=$((SECONDS - began - 5))
  wait "$load" || { cat "$STATE/load.txt"; fail "$what under load"; }
  # The load tester also asks for metrics, which no page does.
  failed=$(jq -c '[.sending.failures[] | select(.request != "metrics")]' "$STATE/load.json")
  [[ $failed == '[]' ]] || fail "$what: calls failed: $failed; $(jq -c '.ledger | { accepted, stored, lost }' "$STATE/load.json")"
  ((took + 5 < seconds)) || fail "the load was over before: $what, $took s"
  say "$what in $took s under 200 messages a second: $(jq -c '.ledger | { accepted, stored, lost, twice }' "$STATE/load.json"), failed calls 0"
}

# Everything but Kafka: who needs it waits, and heals when it comes.
step_waiting() {
  inside 1 kubectl apply --kustomize "$overlay" --selector 'app.kubernetes.io/name notin (kafka)' > /dev/null
  until_true 120 'the pods run' all_run
  pause 60
  say "a minute without Kafka: $(pods)"
  no_restarts
  inside 1 kubectl apply --kustomize "$overlay" > /dev/null
  until_true 240 'all pods are ready' all_ready
  say "with Kafka: $(pods)"
  no_restarts
}
all_run() { [[ $(k get pods --no-headers | awk '$3 == "Running"' | wc -l) -ge 6 ]]; }
step_burst() {
  until_true 120 'the page is ready' call /readyz
  complete "$(burst 10 10 10)"
}
step_scale() {
  local id
  k delete hpa message-processor --ignore-not-found > /dev/null
  k scale deployment message-processor --replicas=3 > /dev/null
  until_true 120 'three processors are ready' three_ready
  # A router asks for names again every few seconds, and DNS keeps them for 30 s.
  pause 35
  complete "$(burst 10 10 20)"
  id=$(burst 10 15 20)
  pause 3
  k scale deployment message-processor --replicas=1 > /dev/null
  say 'two of three processors go in a burst'
  complete "$id"
}
three_ready() { [[ $(k get deployment message-processor --output jsonpath='{.status.readyReplicas}') == 3 ]]; }
step_autoscale() {
  local id
  inside 1 kubectl apply --kustomize "$overlay" > /dev/null
  until_true 240 'the autoscaler knows the CPU, and one processor is enough' rests
  say "at rest: $(scale)"
  id=$(burst 20 60 20)
  until_true 120 'the autoscaler adds processors' more
  say "under 400 messages a second: $(scale)"
  complete "$id"
  until_true 300 'the autoscaler removes them' fewer
  say "after it: $(scale)"
}
scale() {
  k get hpa message-processor --output json | jq -r '"CPU \(.status.currentMetrics[0].resource.current.averageUtilization) % of what a pod requests, \(.status.currentReplicas) processors, \(.status.desiredReplicas) wanted"'
}
rests() { k get hpa message-processor --output json | jq -e '.status.currentMetrics[0].resource.current.averageUtilization != null and .status.currentReplicas == 1'; }
more() { k get hpa message-processor --output json | jq -e '.status.desiredReplicas > 1'; }
fewer() { k get hpa message-processor --output json | jq -e '.status.currentReplicas == 1'; }

rolled() { k rollout restart deployment "$1" && k rollout status deployment "$1" --timeout=200s; }
step_homepage() { loaded 60 'homepage rolled' rolled homepage; }
step_router() { loaded 45 'event-router rolled' rolled event-router; }
# Two of them: each new one is watched for 35 s.
step_processor() {
  k delete hpa message-processor --ignore-not-found > /dev/null
  k scale deployment message-processor --replicas=2 > /dev/null
  until_true 120 'two processors are left' two_left
  loaded 130 'message-processor rolled' rolled message-processor
}
two_left() { [[ $(k get pods --selector app.kubernetes.io/name=message-processor --no-headers | wc -l) == 2 ]]; }
step_drain() {
  say "on node 2: $(at_node_2)"
  loaded 90 'node 2 drained' drained
  say "on node 2 then: $(at_node_2)"
  inside 1 kubectl uncordon node2 > /dev/null
  until_true 120 'all pods are ready' all_ready
}
at_node_2() { k get pods --field-selector spec.nodeName=node2 --output json | jq -r '[.items[].metadata.labels["app.kubernetes.io/name"]] | sort | if . == [] then "nothing" else join(" ") end'; }
drained() { inside 1 kubectl drain node2 --delete-emptydir-data --timeout=80s; }
# Kafka goes away in a burst and comes back.
step_kafka() {
  local id
  id=$(burst 5 20 10)
  pause 3
  k scale statefulset kafka --replicas=0 > /dev/null
  until_true 90 'the page says so' unready
  say "without Kafka: not ready: $(inside 1 curl --silent "$(page)/readyz" | jq -c '[.dependencies | to_entries[] | select(.value.ready == false) | .key]')"
  pause 20
  k scale statefulset kafka --replicas=1 > /dev/null
  until_true 180 'all pods are ready' all_ready
  until_true 120 'the burst has ended' ended "$id"
  say "that burst: $(call "/bursts/$id" | jq -c '{ state, accepted, failed, stored }'); $(pods)"
  no_restarts
}
unready() { [[ $(inside 1 curl --silent "$(page)/readyz" | jq .ready) == false ]]; }
ended() { call "/bursts/$1" | jq -e '.state != "running" and .state != "draining" and .accepted == .stored'; }

steps=("$@")
((${#steps[@]})) || steps=(waiting burst homepage router drain kafka autoscale scale processor)
for step in "${steps[@]}"; do
  say "== $step"
  "step_$step"
done
say 'all is as it should be'
