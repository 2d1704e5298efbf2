#!/usr/bin/env bash
# Makes the images that Dockerfile and docker compose name, under the same names, from Debian's packages,
# Maven Central, npm and Go modules, for a machine that reaches those but no registry of images: images.sh [NAME…]
# It needs root, debootstrap, Rust, a JDK with Maven, Node.js, and Go. What is made is kept in $TRIAL (target/trial).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
TRIAL=${TRIAL:-$root/target/trial}
export DOCKER_BUILDKIT=0 DOCKER_HOST=${DOCKER_HOST:-unix://$TRIAL/docker.sock}

# The name that a file gives an image: what is tried is what is written there.
named() { grep -ohE "$1:[A-Za-z0-9._-]+" "$root"/{Dockerfile,docker-compose.yml,compose/table/*.yml} | head -1; }
version() { local name; name=$(named "$1"); echo "${name##*:}"; }
# A machine behind a proxy has certificates of its own, without which a build reaches nothing.
certificates() { mkdir -p "$1/etc/ssl/certs" && cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$1/etc/ssl/certs/ca-certificates.crt"; }

debian() {
  debootstrap --variant=minbase --include=ca-certificates bookworm "$TRIAL/debian" > "$TRIAL/debootstrap.log"
  certificates "$TRIAL/debian"
  tar -C "$TRIAL/debian" -c . | docker import - trial/debian
  rm -rf "$TRIAL/debian"
}

# Rust as it is on this machine.
rust() {
  local context=$TRIAL/rust
  rm -rf "$context" && mkdir -p "$context/rust"
  (cd "$(rustc --print sysroot)" && tar -c --exclude=share/doc --exclude=lib/rustlib/src bin lib) | tar -C "$context/rust" -x
  docker build --network host --tag "$(named rust)" --file - "$context" <<'DOCKERFILE'
FROM trial/debian
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY rust /usr/local/rust
ENV PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt
DOCKERFILE
  rm -rf "$context"
}

# As distroless: a C library and certificates, a user without rights, no shell.
distroless() {
  local files=$TRIAL/distroless package
  rm -rf "$files" && mkdir -p "$files/packages" "$files/root"
  (cd "$files/packages" && apt-get download --quiet base-files libc6 libgcc-s1 libgomp1 libssl3 libstdc++6 netbase tzdata)
  for package in "$files"/packages/*.deb; do dpkg-deb --extract "$package" "$files/root"; done
  mkdir -p "$files/root/home/nonroot"
  chown 65532:65532 "$files/root/home/nonroot"
  echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' > "$files/root/etc/passwd"
  echo 'nonroot:x:65532:' > "$files/root/etc/group"
  echo 'hosts: files dns' > "$files/root/etc/nsswitch.conf"
  certificates "$files/root"
  tar -C "$files/root" -c . | docker import --change 'USER 65532' - "$(named gcr.io/distroless/cc-debian12)"
  rm -rf "$files"
}

java() {
  docker build --network host --tag trial/java - <<'DOCKERFILE'
FROM trial/debian
RUN apt-get update && apt-get install --yes --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*
DOCKERFILE
}

# All jars that one artifact needs: jars GROUP:ARTIFACT:VERSION[,…] FOLDER
jars() {
  local dependencies='' coordinate group artifact version
  for coordinate in ${1//,/ }; do
    IFS=: read -r group artifact version <<< "$coordinate"
    dependencies+="<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
  done
  mkdir -p "$2"
  echo "<project><modelVersion>4.0.0</modelVersion><groupId>trial</groupId><artifactId>trial</artifactId><version>1</version>\
<dependencies>$dependencies</dependencies></project>" > "$2/pom.xml"
  mvn --batch-mode --quiet --file "$2/pom.xml" dependency:copy-dependencies -DoutputDirectory="$2/libs" -DincludeScope=runtime
}

kafka() {
  local context=$TRIAL/kafka of
  of=$(version apache/kafka)
  rm -rf "$context" && cp -r "$here/kafka" "$context"
  jars "org.apache.kafka:kafka_2.13:$of,org.apache.kafka:kafka-tools:$of,org.slf4j:slf4j-simple:1.7.36" "$context"
  docker build --tag "$(named apache/kafka)" "$context"
}

# DynamoDB Local is not free software: its vendor gives it out, under terms that whoever uses it accepts. With
# DYNAMODB_LOCAL_TERMS=accepted it is made from the vendor's jars. Otherwise, where its image is not there already
# (docker load --input FILE), Dynalite takes its place, with this machine's Node.js.
dynamodb() {
  local image made
  image=$(named amazon/dynamodb-local)
  if [[ ${DYNAMODB_LOCAL_TERMS:-} == accepted ]]; then
    dynamodb_local "$image"
    return
  fi
  made=$(docker image inspect --format '{{.Config.Labels.trial}}' "$image" 2> /dev/null) && [[ $made != here ]] && return
  dynalite "$image"
}

# As the vendor's: `java` is the entry point, and DynamoDBLocal.jar lies in the working folder.
dynamodb_local() {
  local context=$TRIAL/dynamodb-local
  rm -rf "$context" && mkdir -p "$context"
  jars "software.amazon.dynamodb:DynamoDBLocal:$(version amazon/dynamodb-local)" "$context"
  {
    echo 'Main-Class: software.amazon.dynamodb.services.local.main.ServerRunner'
    # A line of a manifest has at most 72 bytes.
    (cd "$context" && echo "Class-Path: $(printf '%s ' libs/*.jar)") | fold -b -w 70 | sed '2,$s/^/ /'
    echo
  } > "$context/manifest"
  jar --create --file "$context/DynamoDBLocal.jar" --manifest "$context/manifest" --no-compress -C "$context" pom.xml
  docker build --tag "$1" --file - "$context" <<'DOCKERFILE'
FROM trial/java
WORKDIR /home/dynamodblocal
COPY libs libs
COPY DynamoDBLocal.jar .
ENV JAVA_TOOL_OPTIONS=-Dsqlite4java.library.path=/home/dynamodblocal/libs
ENTRYPOINT ["java"]
CMD ["-jar", "DynamoDBLocal.jar", "-inMemory"]
DOCKERFILE
}

dynalite() {
  local context=$TRIAL/dynamodb
  rm -rf "$context" && mkdir -p "$context"
  cp "$root"/dev/stack/real/{package.json,package-lock.json,table.js} "$context"
  cp "$(readlink -f "$(command -v node)")" "$context/node"
  (cd "$context" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  docker build --label trial=here --tag "$1" --file - "$context" <<'DOCKERFILE'
FROM trial/debian
COPY node /usr/local/bin/node
COPY node_modules /table/node_modules
COPY table.js /table/table.js
# What compose/table/dynamodb-local.yml gives DynamoDB Local follows, and is left alone: its volume is /data, its port 8000.
ENTRYPOINT ["node", "/table/table.js", "8000", "/data", "0.0.0.0"]
DOCKERFILE
}

# Its second version is released under the numbers of the first as well: 2.13 is 1.76.
jaeger() {
  local context=$TRIAL/jaeger of minor
  of=$(version jaegertracing/jaeger)
  minor=${of#2.} && minor=$((${minor%%.*} + 63))
  mkdir -p "$context"
  if [[ ! -x $context/jaeger-linux ]]; then
    (cd "$context" && rm -f go.mod go.sum && go mod init trial \
      && go get "github.com/jaegertracing/jaeger/cmd/jaeger@v1.$minor.0" \
      && CGO_ENABLED=0 go build -ldflags '-s -w' -o jaeger-linux github.com/jaegertracing/jaeger/cmd/jaeger)
  fi
  docker build --network host --tag "$(named jaegertracing/jaeger)" --file - "$context" <<'DOCKERFILE'
FROM trial/debian
RUN apt-get update && apt-get install --yes --no-install-recommends busybox && rm -rf /var/lib/apt/lists/* \
 && ln -s /bin/busybox /usr/bin/wget
COPY jaeger-linux /cmd/jaeger/jaeger-linux
ENV JAEGER_LISTEN_HOST=0.0.0.0
VOLUME ["/tmp"]
ENTRYPOINT ["/cmd/jaeger/jaeger-linux"]
USER 10001
DOCKERFILE
}

mkdir -p "$TRIAL"
for image in "${@:-debian rust distroless java kafka jaeger dynamodb}"; do
  for one in $image; do "$one"; done
done
