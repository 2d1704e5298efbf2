#!/usr/bin/env bash
# shellcheck disable=SC2086 # several options each
exec java ${KAFKA_HEAP_OPTS:--Xmx256m} ${TRIAL_JAVA_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp '/opt/kafka/libs/*' "$@"
