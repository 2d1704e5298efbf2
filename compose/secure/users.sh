#!/usr/bin/env bash
# Makes the topics, the users of our two services that speak to Kafka, and what each of them may do.
# Doing it again changes nothing, but a password that was changed in the variables.
set -euo pipefail
broker=(--bootstrap-server 127.0.0.1:9094)
bin=/opt/kafka/bin
dead=${DEAD_LETTER_TOPIC:-$TOPIC-dead}

for variable in HOMEPAGE_USER HOMEPAGE_PWD ROUTER_USER ROUTER_PWD; do
  if [[ -z ${!variable} ]]; then
    echo "${variable/_/_KAFKA_}: expected a value, saw nothing" >&2
    exit 2
  fi
done

topic() { "$bin/kafka-topics.sh" "${broker[@]}" --create --if-not-exists --topic "$1" --partitions "$PARTITIONS"; }
# By a file, because everybody on the machine sees a command line. A comma would end the password.
user() { "$bin/kafka-configs.sh" "${broker[@]}" --alter --entity-type users --entity-name "$1" --add-config-file <(printf "SCRAM-SHA-512=password=%s\n" "$2"); }
# may USER OPERATION[,…] --topic|--group NAME
may() {
  local operations=() operation
  for operation in ${2//,/ }; do operations+=(--operation "$operation"); done
  "$bin/kafka-acls.sh" "${broker[@]}" --add --allow-principal "User:$1" "${operations[@]}" "$3" "$4"
}

topic "$TOPIC"
topic "$dead"
user "$HOMEPAGE_USER" "$HOMEPAGE_PWD"
user "$ROUTER_USER" "$ROUTER_PWD"

# It sends. It reads to find a record whose acknowledgement was lost, to count a burst whose homepage has died,
# and to know which records have no row; and it looks how far the router's group is, without joining it.
may "$HOMEPAGE_USER" Write,Describe,Read --topic "$TOPIC"
may "$HOMEPAGE_USER" Describe --group "$GROUP"

# It consumes, and writes dead letters; it reads those only to find one whose acknowledgement was lost.
may "$ROUTER_USER" Read,Describe --topic "$TOPIC"
may "$ROUTER_USER" Read --group "$GROUP"
may "$ROUTER_USER" Write,Describe,Read --topic "$dead"
echo "made the topics $TOPIC and $dead, and the users $HOMEPAGE_USER and $ROUTER_USER"
