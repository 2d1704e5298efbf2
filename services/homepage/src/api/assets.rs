//! `GET /static/{digest}/{file}`: the page's files.

use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, ContentEncoding, ETAG, Encoding, EntityTag, IF_NONE_MATCH, VARY,
};
use actix_web::web::{Data, Path};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

use super::Api;
use super::problem::Problem;

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
    if !takes_gzip(&request) {
        return Ok(response.body(asset.plain.clone()));
    }
    // The middleware leaves alone what is encoded already.
    Ok(response.insert_header(ContentEncoding::Gzip).body(asset.gzip()))
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let accepted = request.get_header::<AcceptEncoding>();
    let chosen = accepted
        .and_then(|accepted| accepted.negotiate([Encoding::identity(), Encoding::gzip()].iter()));
    chosen == Some(Encoding::gzip())
}
