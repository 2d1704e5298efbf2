//! `GET /static/{digest}/{file}`: the page's files.

use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, IF_NONE_MATCH, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::encoding::{accepted, coding};
use super::problem::Problem;
use crate::assets::Assets;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// With this version's digest the answer may be kept for ever. During a rollout, a page of another version may
/// ask this one: it gets the file of this version and must revalidate it.
pub(super) async fn serve(
    assets: Data<Assets>,
    request: HttpRequest,
    address: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (digest, name) = address.into_inner();
    let asset = assets.get(&name).ok_or_else(|| Problem::not_found("file"))?;
    let tag = EntityTag::new_weak(asset.tag.clone());
    let known = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let fresh = known.is_some_and(|tags| tags.contains(tag.tag()));
    let caching = if assets.have_digest(&digest) { FOR_EVER } else { "no-cache" };
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, caching));
    response.insert_header((VARY, "Accept-Encoding"));
    if fresh {
        return Ok(response.finish()); // A 304 must not have a body.
    }
    response.content_type(asset.content_type);
    let Some((encoding, content)) = asset.encoded(accepted(&request)) else {
        // The middleware compresses it if the browser accepts that.
        return Ok(response.body(asset.plain().clone()));
    };
    response.insert_header(coding(encoding));
    Ok(response.body(content.clone()))
}
