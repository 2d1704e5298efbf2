#!/usr/bin/env bash
# Makes the broker's certificate and the authority that services trust, once; the keys stay where they are.
# To make new ones: docker compose --env-file secure.env down, docker volume rm barrage_keys barrage_authority.
set -euo pipefail
keys=/etc/kafka/secrets
authority=/mnt/shared/config

if [[ $KAFKA_SECURITY_PROTOCOL != SASL_SSL ]]; then
  echo "KAFKA_SECURITY_PROTOCOL: expected SASL_SSL, saw \"$KAFKA_SECURITY_PROTOCOL\"; the profile secure is started with --env-file secure.env" >&2
  exit 2
fi
if ((${#KEYSTORE_PWD} < 6)); then
  echo "KAFKA_KEYSTORE_PWD: expected 6 characters or more, saw ${#KEYSTORE_PWD}" >&2
  exit 2
fi
if [[ -s $keys/broker.p12 && -s $authority/ca.pem ]]; then
  exit 0
fi

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keytool() { command keytool "$@" -storetype PKCS12 -storepass:env KEYSTORE_PWD 2> "$work/log" || { cat "$work/log" >&2; return 1; }; }

keytool -genkeypair -keystore "$work/ca.p12" -alias ca -dname CN=barrage -ext bc:c -keyalg EC -groupname secp256r1 -validity 3650
keytool -exportcert -keystore "$work/ca.p12" -alias ca -rfc > "$work/ca.pem"
keytool -genkeypair -keystore "$work/broker.p12" -alias broker -dname CN=kafka -keyalg EC -groupname secp256r1 -validity 3650
keytool -certreq -keystore "$work/broker.p12" -alias broker > "$work/broker.csr"
keytool -gencert -keystore "$work/ca.p12" -alias ca -ext san=dns:kafka,dns:localhost -rfc -validity 3650 \
  -infile "$work/broker.csr" > "$work/broker.pem"
cat "$work/broker.pem" "$work/ca.pem" > "$work/chain.pem"
keytool -importcert -keystore "$work/broker.p12" -alias ca -file "$work/ca.pem" -noprompt
keytool -importcert -keystore "$work/broker.p12" -alias broker -file "$work/chain.pem" -noprompt

# The authority's own key ends here: nothing else is ever signed by it.
cp "$work/broker.p12" "$keys/broker.p12"
cp "$work/ca.pem" "$authority/ca.pem"
chmod 644 "$authority/ca.pem"
echo "made a certificate for kafka"
