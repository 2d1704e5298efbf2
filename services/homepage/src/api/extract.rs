//! Extractors: what handlers take from a request by its type, apart from the body.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use uuid::Uuid;

use super::permission::bearer;
use super::problem::Problem;
use crate::burst::Keys;
use crate::config::Page;
use crate::device::Visit;
use crate::page::language::Locale;
use crate::page::public_url::PublicUrl;
use crate::token::Token;

/// The `{id}` of the address. What is not a UUID is the id of no burst: 404.
pub(super) struct BurstId(pub(super) Uuid);

impl FromRequest for BurstId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|id| id.parse().ok());
        ready(id.map(Self).ok_or_else(|| Problem::not_found("burst")))
    }
}

/// Where people reach the page: `PUBLIC_URL`, or else the address of this request. An invalid `Host` gives 400.
impl FromRequest for PublicUrl {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let page = request.app_data::<Data<Page>>();
        let url = page.and_then(|page| {
            page.public_url.clone().or_else(|| Self::of(request)?.below(&page.base_path))
        });
        ready(url.ok_or_else(|| Problem::malformed("Host must be a host, with or without a port.")))
    }
}

/// The device of the request, or a new one, which the answer makes known by [`Visit::cookie`].
impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// What a request brings to stop a burst. A malformed token is none.
impl FromRequest for Keys {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let stop_token = bearer(request.headers()).and_then(Token::parse);
        ready(Ok(Self { stop_token, device: Visit::of(request).known() }))
    }
}

impl FromRequest for Locale {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}
