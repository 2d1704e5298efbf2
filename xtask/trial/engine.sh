#!/usr/bin/env bash
# A Docker engine of its own, for a machine on which none runs: engine.sh start | stop
# It lives in $TRIAL (target/trial of this checkout), and needs root and Debian's docker.io.
set -euo pipefail
TRIAL=${TRIAL:-$(cd "$(dirname "$0")/../.." && pwd)/target/trial}

start() {
  mkdir -p "$TRIAL"
  dockerd --data-root "$TRIAL/data" --exec-root "$TRIAL/exec" --pidfile "$TRIAL/docker.pid" \
    --host "unix://$TRIAL/docker.sock" --storage-driver overlay2 > "$TRIAL/dockerd.log" 2>&1 < /dev/null &
  for _ in $(seq 100); do
    if docker --host "unix://$TRIAL/docker.sock" info > /dev/null 2>&1; then
      echo "export DOCKER_HOST=unix://$TRIAL/docker.sock"
      return
    fi
    read -rt 0.3 <> <(:) || true
  done
  tail -5 "$TRIAL/dockerd.log" >&2
  return 1
}

stop() {
  local pid
  pid=$(cat "$TRIAL/docker.pid")
  kill "$pid"
  tail --pid="$pid" -f /dev/null
}

case "${1:-}" in
  start | stop) "$1" ;;
  *) echo "usage: engine.sh start | stop" >&2; exit 2 ;;
esac
