//! `GET /static/{digest}/{file}`: the page's files.

use actix_web::http::header::{
    self, AcceptEncoding, CACHE_CONTROL, ContentEncoding, ETAG, EntityTag, IF_NONE_MATCH, VARY,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

use super::Api;
use super::problem::Problem;
use crate::assets::Encoding;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// With the digest of these files the answer may be kept for ever. A page of another version, as there is in
/// the middle of a rollout, gets what this version has, and asks again the next time.
pub(super) async fn serve(
    api: Data<Api>,
    request: HttpRequest,
    address: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (digest, name) = address.into_inner();
    let asset = api.assets.get(&name).ok_or_else(|| Problem::not_found("file"))?;
    let tag = EntityTag::new_weak(asset.tag.clone());
    let known = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let fresh = known.is_some_and(|tags| tags.contains(tag.tag()));
    let caching = if api.assets.are(&digest) { FOR_EVER } else { "no-cache" };
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, caching));
    response.insert_header((VARY, "Accept-Encoding"));
    if fresh {
        return Ok(response.finish()); // A 304 with a body would spoil the connection.
    }
    response.content_type(asset.kind);
    let (encoding, content) = asset.content(&accepted(&request));
    match encoding {
        Encoding::Brotli => _ = response.insert_header(ContentEncoding::Brotli),
        Encoding::Gzip => _ = response.insert_header(ContentEncoding::Gzip),
        // The middleware compresses it then, if the browser likes that.
        Encoding::Identity => {}
    }
    Ok(response.body(content))
}

/// What the browser takes, the best first.
fn accepted(request: &HttpRequest) -> Vec<Encoding> {
    let known =
        [header::Encoding::brotli(), header::Encoding::gzip(), header::Encoding::identity()];
    let Some(header) = request.get_header::<AcceptEncoding>() else { return Vec::new() };
    let taken = known.iter().map(|it| header.negotiate([it].into_iter()).as_ref() == Some(it));
    Encoding::ALL
        .into_iter()
        .zip(taken)
        .filter_map(|(it, is_taken)| is_taken.then_some(it))
        .collect()
}
