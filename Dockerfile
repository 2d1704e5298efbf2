# The three services, one target each: homepage, event-router, message-processor. And table, the stand-in for
# DynamoDB that docker compose uses by default. `cargo xtask images` builds and tags all of them.

# What our code needs to be built. Versions are those of the archive: it keeps no older ones.
FROM rust:1.95-slim-bookworm AS tools
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ make perl \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /barrage
# No symbols: an image holds a fifth of what it would with them.
ENV CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=symbols CARGO_INCREMENTAL=0

# The dependencies, in a layer that only changes with them: our crates are empty here.
FROM tools AS dependencies
COPY Cargo.toml Cargo.lock ./
COPY proto/Cargo.toml proto/
COPY crates/barrage/Cargo.toml crates/barrage/
COPY services/homepage/Cargo.toml services/homepage/
COPY services/event-router/Cargo.toml services/event-router/
COPY services/message-processor/Cargo.toml services/message-processor/
COPY dev/process/Cargo.toml dev/process/
COPY dev/client/Cargo.toml dev/client/
COPY dev/faults/Cargo.toml dev/faults/
COPY dev/stack/Cargo.toml dev/stack/
COPY dev/stand-ins/startup/Cargo.toml dev/stand-ins/startup/
COPY dev/stand-ins/broker/Cargo.toml dev/stand-ins/broker/
COPY dev/stand-ins/table/Cargo.toml dev/stand-ins/table/
COPY dev/launcher/Cargo.toml dev/launcher/
COPY dev/chaos/Cargo.toml dev/chaos/
COPY dev/ratios/Cargo.toml dev/ratios/
COPY e2e/Cargo.toml e2e/
COPY loadtest/Cargo.toml loadtest/
COPY xtask/Cargo.toml xtask/
RUN for crate in proto loadtest xtask e2e crates/* services/* dev/stand-ins/* dev/process dev/client \
      dev/faults dev/stack dev/launcher dev/chaos dev/ratios; do \
      mkdir "$crate/src" && touch "$crate/src/lib.rs" || exit; \
    done \
 && for program in proto/build services/homepage/build services/homepage/src/main \
      services/event-router/src/main services/message-processor/src/main; do \
      echo 'fn main() {}' > "$program.rs" || exit; \
    done \
 && cargo build --release --locked -p homepage -p event-router -p message-processor

# Our code.
FROM dependencies AS programs
COPY proto proto
COPY crates crates
COPY services services
COPY web web
# Newer than the empty crates, whatever the checkout's clock says.
RUN find proto crates services -name '*.rs' -exec touch {} + \
 && cargo build --release --locked -p homepage -p event-router -p message-processor \
 && mkdir /programs \
 && cp target/release/homepage target/release/event-router target/release/message-processor /programs/

# What they run on: the C library and certificates, a user without rights, no shell.
FROM gcr.io/distroless/cc-debian12:nonroot AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
# No address of a repository: who publishes an image adds it with --label org.opencontainers.image.source=…
LABEL org.opencontainers.image.vendor="barrage" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
WORKDIR /
EXPOSE 8080

FROM runtime AS homepage
LABEL org.opencontainers.image.title="homepage" \
      org.opencontainers.image.description="Barrage: the page, its API and what sends"
COPY --from=programs /programs/homepage /homepage
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/homepage", "--health"]
ENTRYPOINT ["/homepage"]

FROM runtime AS event-router
LABEL org.opencontainers.image.title="event-router" \
      org.opencontainers.image.description="Barrage: from Kafka to the processors, with retries and dead letters"
COPY --from=programs /programs/event-router /event-router
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/event-router", "--health"]
ENTRYPOINT ["/event-router"]

FROM runtime AS message-processor
LABEL org.opencontainers.image.title="message-processor" \
      org.opencontainers.image.description="Barrage: moderates messages and stores them"
COPY --from=programs /programs/message-processor /message-processor
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/message-processor", "--health"]
ENTRYPOINT ["/message-processor"]

# The stand-in for the table. It comes last, so that no other image waits for it.
FROM dependencies AS table-dependencies
RUN cargo build --release --locked -p table

FROM table-dependencies AS table-program
COPY dev/process/src dev/process/src
COPY dev/stand-ins/startup/src dev/stand-ins/startup/src
COPY dev/stand-ins/table/src dev/stand-ins/table/src
RUN find dev -name '*.rs' -exec touch {} + \
 && cargo build --release --locked -p table \
 && mkdir -p /table/data \
 && cp target/release/table /table/

FROM runtime AS table
LABEL org.opencontainers.image.title="table" \
      org.opencontainers.image.description="Barrage: a stand-in for DynamoDB on one machine, durable, on SQLite"
COPY --from=table-program /table/table /table
# A new volume gets the owner of the folder over which it is mounted.
COPY --from=table-program --chown=65532:65532 /table/data /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/table", "--health", "--port", "8000", "--data", "/data"]
ENTRYPOINT ["/table", "--host", "0.0.0.0", "--port", "8000", "--data", "/data"]
