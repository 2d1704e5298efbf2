//! The page's files, embedded in the binary.

use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, IF_NONE_MATCH};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{Embed, EmbeddedFile};

use super::problem::Problem;

#[derive(Embed)]
#[folder = "../../web/static"]
struct Assets;

/// `GET /static/{file}`. The page names its entry files by their content, so these may be kept for ever;
/// the others are asked for again, which costs no more than a 304.
pub(super) async fn serve(
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    let file = Assets::get(&name).ok_or_else(|| Problem::not_found("file"))?;
    let digest = digest(&file);
    let tag = EntityTag::new_strong(digest.clone());
    let known = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let fresh = known.is_some_and(|tags| tags.contains(tag.tag()));
    let lasting = request.query_string() == format!("v={digest}");
    let caching = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, caching));
    if fresh {
        return Ok(response.finish()); // A 304 with a body would spoil the connection.
    }
    Ok(response.content_type(content_type(&name)).body(file.data.into_owned()))
}

/// The address of a file, with its content's digest.
pub(super) fn url(name: &str) -> String {
    let digest = Assets::get(name).map(|file| digest(&file)).unwrap_or_default();
    format!("/static/{name}?v={digest}")
}

fn digest(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_has_a_type_that_browsers_know() {
        for name in Assets::iter() {
            assert_ne!(content_type(&name), "application/octet-stream", "{name}");
        }
        assert!(url("app.js").starts_with("/static/app.js?v="));
        assert_eq!(url("app.js").len(), "/static/app.js?v=".len() + 16);
    }
}
