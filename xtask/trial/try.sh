#!/usr/bin/env bash
# Tries docker-compose.yml as a person would and says what it saw, one line for each fact: try.sh [STEP…]
# It needs an engine with the compose plugin, curl and jq; all it starts is called barrage-trial and removed at the end.
# TABLE=dynamodb-local tries the other table.
# shellcheck disable=SC2329 # until_true calls the functions that seem unused
set -euo pipefail
cd "$(dirname "$0")/../.."
export COMPOSE_PROJECT_NAME=barrage-trial PAGE_PORT=${PAGE_PORT:-18080} JAEGER_PORT=${JAEGER_PORT:-18686}
page=http://127.0.0.1:$PAGE_PORT
jaeger=http://127.0.0.1:$JAEGER_PORT

say() { echo "$(date +%T) $*"; }
fail() { say "FAILED: $*"; docker compose ps -a; docker compose logs --tail 20; exit 1; }
# until_true SECONDS WHAT COMMAND…: waits for a fact.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "never: $what"
    read -rt 0.3 <> <(:) || true
  done
}

# burst SENDERS SECONDS RATE: prints the id of a new burst.
burst() {
  curl -sf "$page/bursts" -H 'content-type: application/json' \
    -d "{\"message\":\"hello\",\"concurrency\":$1,\"duration\":$2,\"rate\":$3}" | jq -r .id
}
# of ID MEMBER: a number or a text of a burst.
of() { curl -sf "$page/bursts/$1" | jq -r ".$2"; }
is_done() { curl -sf "$page/bursts/$1" | jq -e '.state == "done"'; }
# complete ID SENDERS EACH: every message of the burst is stored, each once, by sender and number.
complete() {
  local rows
  until_true 120 "burst $1 is done" is_done "$1"
  rows=$(curl -sf "$page/bursts/$1/results")
  [[ $(jq -r '"\(.sender)/\(.seq)"' <<< "$rows" | sort) == $(for s in $(seq "$2"); do for n in $(seq "$3"); do echo "$s/$n"; done; done | sort) ]] \
    || fail "burst $1 is not complete: $(wc -l <<< "$rows") rows"
  say "burst $1: $(($2 * $3)) messages by sender and number, each stored once, by $(jq -r .processor <<< "$rows" | sort | uniq -c | awk '{print $1}' | xargs) for each processor"
}
memory() {
  docker compose ps -q | xargs docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' | awk -v when="$1" '
    { n = $2 + 0; if ($2 ~ /GiB/) n *= 1024; if ($2 ~ /KiB/) n /= 1024; sum += n; sub(/^barrage-trial-/, "", $1); each = each sprintf(" %s %.0f", $1, n) }
    END { printf "memory %s: %.0f MiB in all;%s\n", when, sum, each }'
}
rows_of() { curl -sf "$page/bursts/$1/results" | wc -l; }

up() {
  local began=$SECONDS
  docker compose up --detach --wait > /dev/null 2>&1 || fail "up"
  until_true 120 'the homepage is ready' curl -sf "$page/readyz"
  say "up in $((SECONDS - began)) s: $(docker compose ps --format '{{.Service}} {{.Health}}' | sort | xargs)"
}

step_images() {
  docker compose build > /dev/null || fail 'the images cannot be built'
  docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep -E '^(barrage/|gcr.io/distroless)' | while read -r line; do say "image $line"; done
}
step_page() {
  up
  curl -sf "$page/" | grep '<form' > /dev/null || fail 'the page has no form'
  curl -sf "$page/" | grep "http://localhost:$JAEGER_PORT" > /dev/null || fail 'the page does not lead to Jaeger'
  say "the page answers and leads to Jaeger: $(curl -sf "$page/readyz" | jq -c '.dependencies | keys')"
  say "$(memory 'at rest')"
}
step_burst() {
  local id
  id=$(burst 10 10 10)
  read -rt 6 <> <(:) || true
  say "$(memory 'during a burst')"
  complete "$id" 10 100
  echo "$id" > "${TMPDIR:-/tmp}/barrage-trial.burst"
}
step_trace() {
  local trace
  curl -sf "$page/messages" -H 'content-type: application/json' -d '{"message":"traced"}' > /dev/null
  shown() { curl -sf "$page/feed?limit=1" | jq -e '.bullets[0].message == "traced"'; }
  until_true 20 'the message is shown' shown
  trace=$(curl -sf "$page/feed?limit=1" | jq -r '.bullets[0].trace')
  hops() {
    curl -sf "$jaeger/api/traces/$1" | jq -r '.data[0] as $it | $it.spans | sort_by(.startTime)[] | "\($it.processes[.processID].serviceName):\(.operationName)"'
  }
  all_hops() { [[ $(hops "$1" | cut -d: -f1 | sort -u | xargs) == 'event-router receiver result sender' && $(hops "$1" | wc -l) == 6 ]]; }
  until_true 30 'Jaeger has all hops' all_hops "$trace"
  say "trace $trace: $(hops "$trace" | paste -sd '>')"
}
step_router() {
  local id
  id=$(burst 10 10 20)
  read -rt 3 <> <(:) || true
  docker compose kill event-router > /dev/null 2>&1
  say "killed event-router: $(docker compose ps -a --format '{{.Service}} {{.Status}}' event-router)"
  read -rt 3 <> <(:) || true
  say "waiting meanwhile: $(curl -sf "$page/feed?limit=1" | jq .totals.waiting)"
  up
  complete "$id" 10 200
}
# Kafka or the table killed in a burst: what was accepted is stored, and nothing else is.
step_parts() {
  local id part
  for part in kafka table; do
    id=$(burst 10 10 40)
    read -rt 3 <> <(:) || true
    docker compose kill "$part" > /dev/null 2>&1
    until_true 30 'the page says so' unready
    say "killed $part: not ready: $(curl -s "$page/readyz" | jq -c '[.dependencies | to_entries[] | select(.value.ready == false) | .key]')"
    up
    until_true 90 'the burst has ended' ended_burst "$id"
    say "that burst: $(curl -sf "$page/bursts/$id" | jq -c '{state, accepted, failed, stored}')"
    # The homepage goes on without the table, so here every message is known by sender and number.
    [[ $part == kafka ]] || complete "$id" 10 400
  done
}
# P17: how many rows a second does each table store of a backlog that no work makes slow?
step_pace() {
  local before=${TABLE-stand-in} table
  docker compose down > /dev/null 2>&1
  for table in stand-in dynamodb-local; do
    # A project of its own, so that data of its own: in this table are no rows of the messages before.
    export TABLE=$table COMPOSE_PROJECT_NAME=barrage-trial-pace
    pace
  done
  export TABLE=$before COMPOSE_PROJECT_NAME=barrage-trial
  up
}
# Measured for at most 30 s: DynamoDB Local would need minutes for all.
pace() {
  local id from began stored milliseconds
  up
  docker compose stop event-router > /dev/null 2>&1
  id=$(burst 100 10 20)
  until_true 120 '20,000 messages are accepted' accepted "$id" 20000
  docker compose start event-router > /dev/null 2>&1
  until_true 60 'the first row is stored' some_stored "$id"
  from=$(of "$id" stored) began=$(date +%s%N) stored=0 milliseconds=0
  while ((stored < 20000 && milliseconds < 30000)); do
    stored=$(of "$id" stored)
    milliseconds=$((($(date +%s%N) - began) / 1000000 + 1))
  done
  say "$TABLE: $(((stored - from) * 1000 / milliseconds)) rows a second: $((stored - from)) in $milliseconds ms"
  docker compose down --volumes > /dev/null 2>&1
}
accepted() { (($(of "$1" accepted) >= $2)); }
some_stored() { (($(of "$1" stored) > 0)); }
unready() { [[ $(curl -s "$page/readyz" | jq .ready) == false ]]; }
step_scale() {
  local id
  id=$(burst 10 20 20)
  docker compose up --detach --no-recreate --scale message-processor=3 > /dev/null 2>&1
  until_true 15 'three processors' three
  complete "$id" 10 400
  id=$(burst 10 10 20)
  complete "$id" 10 200
  say "$(memory 'with three processors')"
  id=$(burst 10 10 10)
  read -rt 3 <> <(:) || true
  docker compose up --detach --no-recreate --scale message-processor=1 > /dev/null 2>&1
  say 'two of three processors are gone in a burst'
  complete "$id" 10 100
}
three() { [[ $(curl -sf "$page/feed?limit=1" | jq '.processors | length') -ge 3 ]]; }
step_again() {
  local id before
  id=$(cat "${TMPDIR:-/tmp}/barrage-trial.burst")
  before=$(rows_of "$id")
  docker compose down > /dev/null 2>&1
  say "down: $(docker ps -aq --filter label=com.docker.compose.project=barrage-trial | wc -l) containers left"
  up
  [[ $(rows_of "$id") == "$before" ]] || fail "rows are gone: $before before, $(rows_of "$id") now"
  say "after down and up the burst $id has its $before rows"
}
step_wrong() {
  local status
  WORK_MS=-1 docker compose up --detach message-processor > /dev/null 2>&1 || true
  ended() { status=$(docker compose ps -a message-processor --format '{{.Status}}') && [[ $status == *'(2)'* ]]; }
  until_true 20 'the processor ends with 2' ended
  say "WORK_MS=-1: $status"
  say "  $(docker compose logs --no-log-prefix --tail 1 message-processor)"
  up
}
step_stop() {
  local id began
  id=$(burst 5 20 20)
  read -rt 2 <> <(:) || true
  began=$SECONDS
  docker compose stop homepage event-router message-processor > /dev/null 2>&1
  say "SIGTERM in a burst: $(docker compose ps -a --format '{{.Service}} {{.ExitCode}}' homepage event-router message-processor | xargs), after $((SECONDS - began)) s"
  up
  until_true 60 'the burst has ended' ended_burst "$id"
  say "that burst: $(curl -sf "$page/bursts/$id" | jq -c '{state, accepted, stored}')"
}
ended_burst() { curl -sf "$page/bursts/$1" | jq -e '.state != "running" and .state != "draining" and .accepted == .stored'; }
step_secure() {
  local id
  docker compose down > /dev/null 2>&1
  secure=(docker compose --env-file secure.env)
  "${secure[@]}" up --detach --wait > /dev/null 2>&1 || "${secure[@]}" ps -a --format '{{.Service}} {{.Status}}'
  until_true 120 'the homepage is ready' curl -sf "$page/readyz"
  say "secure: $("${secure[@]}" logs --no-log-prefix kafka-users | tail -1)"
  id=$(burst 10 10 10)
  complete "$id" 10 100
  HOMEPAGE_KAFKA_PWD=wrong "${secure[@]}" up --detach --no-deps homepage > /dev/null 2>&1 || true
  refused() { curl -s "$page/readyz" | jq -e '.dependencies.kafka.reason | test("refuses user")'; }
  until_true 30 'a wrong password is refused' refused
  say "with a wrong password: $(curl -s "$page/readyz" | jq -c .dependencies.kafka.reason)"
  ROUTER_KAFKA_USER=homepage ROUTER_KAFKA_PWD=change-me-too "${secure[@]}" up --detach --no-deps event-router > /dev/null 2>&1 || true
  until_true 30 'the homepage may not consume in the group' denied
  say "the homepage's user as the router: $(denied | tail -1 | cut -c1-200)"
  "${secure[@]}" down --volumes > /dev/null 2>&1
}
denied() { "${secure[@]}" logs --no-log-prefix event-router | grep 'may not'; }

steps=("$@")
((${#steps[@]})) || steps=(images page burst trace router parts scale again pace stop wrong secure)
for step in "${steps[@]}"; do
  say "== $step"
  "step_$step"
done
docker compose down --volumes > /dev/null 2>&1
say 'all is as it should be'
