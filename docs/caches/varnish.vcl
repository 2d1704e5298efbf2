# Varnish in front of barrage: a crowd costs the homepage as much as one viewer. See docs/caches.md.
vcl 4.1;

backend homepage {
    .host = "127.0.0.1";
    .port = "8080";
    # Longer than a viewer may wait.
    .first_byte_timeout = 60s;
}

sub vcl_recv {
    # Name this machine in TRUSTED_PROXIES of the homepage. The homepage then believes these headers, so no client may
    # write them. Varnish itself adds the client's address to X-Forwarded-For.
    unset req.http.Forwarded;
    unset req.http.traceparent;
    # If a TLS proxy in front of Varnish sets these two, leave these two lines out.
    unset req.http.X-Forwarded-Proto;
    unset req.http.X-Forwarded-Host;

    # What the homepage says is the same for all, whoever asks. Requests for the same wait for one answer.
    # With a base path: "^/barrage/(feed|pipeline|static/)"
    if (req.method == "GET" && req.url ~ "^/(feed|pipeline|static/)") {
        unset req.http.Cookie;
        return (hash);
    }
    return (pass);
}

sub vcl_backend_response {
    # A viewer goes on where its last answer ended, so it never gets an older one.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    if (bereq.uncacheable) {
        return (deliver);
    }
    if (beresp.ttl <= 0s || beresp.http.Cache-Control ~ "no-store") {
        # Only for a moment: the next answer may be the same for all again.
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
    }
    return (deliver);
}
