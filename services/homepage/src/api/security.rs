//! What every answer tells the browser to refuse.

use actix_web::HttpRequest;
use actix_web::middleware::DefaultHeaders;

use super::problem::Problem;

/// Refuses what a browser says that another site's page has sent. Programs say nothing of the kind.
///
/// # Errors
/// When it comes from another site.
pub(super) fn same_site(request: &HttpRequest) -> Result<(), Problem> {
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site == Some("cross-site") { Err(Problem::cross_site()) } else { Ok(()) }
}

/// Only what comes from here is loaded, and nothing is run that stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers of every answer.
pub(crate) fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("Content-Security-Policy", POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
}
