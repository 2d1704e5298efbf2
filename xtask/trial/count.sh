#!/usr/bin/env bash
# Counts the instructions and allocations of a service for each message: count.sh homepage|event-router|message-processor
# It needs valgrind, curl and jq, and the programs of a --release. PROGRAMS is their folder, RATE the messages per second,
# DURATION the seconds of the load, TOP how many of the service's functions it prints.
set -euo pipefail
cd "$(dirname "$0")/../.."
counted=${1:?homepage, event-router or message-processor}
rate=${RATE:-20} duration=${DURATION:-20} top=${TOP:-15}
programs=${PROGRAMS:-${CARGO_TARGET_DIR:-target}/release}
work=$(mktemp -d)

stop() {
  # Those that started last stop first.
  for pid in $(jobs -p | sort -rn); do kill "$pid" && wait "$pid" || true; done 2> /dev/null
  rm -rf "$work"
}
trap stop EXIT
fail() { echo "$*" >&2; tail -n 5 "$work"/*.log >&2; exit 1; }
pause() { read -rt "$1" <> <(:) || true; }
# start NAME [ARGUMENT…]: starts a process, and sets `address` and `pid`.
start() {
  local name=$1 command=("$programs/$1")
  shift
  # Not by the launcher: it asks for /metrics, for which rustix reads what valgrind hides from a process.
  [[ $name != "$counted" ]] || command=(valgrind --tool=callgrind --callgrind-out-file="$work/out" "${command[@]}")
  "${command[@]}" "$@" > "$work/$name" 2> "$work/$name.log" &
  pid=$!
  until address=$(grep -osP 'ready on (http://)?\K.*' "$work/$name"); do
    kill -0 "$pid" || fail "$name has ended"
    pause 0.3
  done
  [[ $name != "$counted" ]] || counted_pid=$pid
}

export HOST=127.0.0.1 PORT=0 OTS_KEYID=demo OTS_SECRET=demo KAFKA_PARTITIONS=4 KAFKA_FETCH_WAIT_MS=100
for stand_in in broker table; do mkdir "$work/data-$stand_in"; done
start broker --data "$work/data-broker"; export KAFKA_SERVER=$address
start table --data "$work/data-table"; export OTS_ENDPOINT=http://$address
start message-processor; export SINK=http://$address
start event-router
start homepage; page=http://$address
until curl -sf "$page/readyz" > "$work/readyz"; do pause 0.3; done

# burst SECONDS: sends $rate messages a second, and prints the id of the burst.
burst() {
  curl -sf "$page/bursts" -H 'content-type: application/json' \
    -d "{\"message\":\"counted\",\"concurrency\":$rate,\"duration\":$1,\"rate\":1}" | jq -r .id
}
is_done() { curl -sf "$page/bursts/$1" | jq -e '.state == "done"' > "$work/is_done"; }
control() { callgrind_control "$@" "$counted_pid" > "$work/control.log" 2>&1 || fail "callgrind_control $*"; }

# The homepage compresses its files after its start, in the order of their names.
last=$(curl -sf "$page/" | grep -o 'static/[^"]*\.js' | LC_ALL=C sort | tail -n 1)
until curl -sf -H 'accept-encoding: br' -o "$work/file" -D - "$page/$last" | grep -i '^content-encoding' > "$work/is_compressed"; do pause 0.5; done
id=$(burst 5) # warm-up
until is_done "$id"; do pause 0.5; done
control --zero
began=$EPOCHREALTIME
pause "$duration"
control --dump=idle # writes out.1, and counts from zero again
ended=$EPOCHREALTIME deadline=$((SECONDS + duration + 120))
id=$(burst "$duration")
pause "$duration"
# Seldom, because the homepage is counted, too.
until pause 3; is_done "$id"; do ((SECONDS < deadline)) || fail "the messages are not stored: lower RATE"; done
control --dump=busy
busy=$(jq -n "$EPOCHREALTIME - $ended") idle=$(jq -n "$ended - $began")

# The line after calls=N has the instructions of these N calls.
awk -v messages=$((rate * duration)) -v idle="$idle" -v busy="$busy" -v crate="${counted//-/_}" -v service="$counted" -v top="$top" '
  function name(text,  id) {
    match(text, /\([0-9]+\)/)
    id = substr(text, RSTART, RLENGTH)
    if (length(text) > RSTART + RLENGTH) names[id] = substr(text, RSTART + RLENGTH + 1)
    return names[id]
  }
  FNR == 1 { file++; delete names }
  is_call { if (file == 2) inside[callee] += $2; is_call = 0 }
  /^fn=/ { name($0) }
  /^cfn=/ { callee = name($0) }
  /^(summary|totals):/ { total[file] = $2 }
  /^calls=/ {
    split($1, parts, "=")
    if (callee ~ /^(malloc|calloc|realloc|posix_memalign|aligned_alloc|memalign)$/) allocations[file] += parts[2]
    if (file == 2) calls[callee] += parts[2]
    is_call = 1
  }
  END {
    printf "%s: %.0f instructions and %.1f allocations for each of %d messages; idle: %.2f million instructions and %.0f allocations a second\n",
      service, (total[2] - total[1] / idle * busy) / messages, (allocations[2] - allocations[1] / idle * busy) / messages, messages, total[1] / idle / 1e6, allocations[1] / idle
    order = "sort -rn | head -n " top
    for (f in inside) if (f ~ "^<*" crate "::|^<*barrage::")
      printf "%10.0f instructions a message: %.2f calls of %s\n", inside[f] / messages, calls[f] / messages, f | order
  }' "$work"/out.1 "$work"/out.2
