//! Who may use the controls of a demo: this machine, or who has the token, and no page of another origin.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use barrage::config::Secret;

use super::problem::Problem;
use crate::config;
use crate::launcher::Launcher;
use crate::page::public_url::PublicUrl;
use crate::proxies::{Origin, is_local};

/// What the controls need.
pub(crate) struct Demo {
    pub(crate) controls: bool,
    pub(crate) launcher: Option<Arc<Launcher>>,
    pub(super) token: Option<Secret>,
}

impl Demo {
    pub(crate) fn new(config: &config::Demo, launcher: Option<Arc<Launcher>>) -> Self {
        Self { controls: config.controls, launcher, token: config.token.clone() }
    }

    pub(super) fn launcher(&self) -> Result<&Launcher, Problem> {
        self.launcher.as_deref().ok_or_else(|| Problem::not_found("launcher"))
    }

    /// Whether the request may use the controls.
    fn allow(&self, request: &HttpRequest) -> Result<(), Problem> {
        if !is_same_origin(request) {
            return Err(Problem::no_control("A page of another origin must not use the controls."));
        }
        let has_token = bearer(request.headers()).is_some_and(|token| self.is_token(token));
        // A page of anybody can have a name that leads to this machine. So the name must be this machine's own.
        let is_own_name = || PublicUrl::of(request).is_some_and(|url| url.is_loopback());
        if has_token || (is_local(request) && is_own_name()) {
            return Ok(());
        }
        let detail = "The controls need the token of the link that cargo demo prints, or a browser on its machine.";
        Err(Problem::no_control(detail))
    }

    /// Compares all bytes, so that the time tells nothing of the token.
    pub(super) fn is_token(&self, given: &str) -> bool {
        let Some(token) = self.token.as_ref().map(Secret::expose) else { return false };
        let differences = token.bytes().zip(given.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        token.len() == given.len() && differences == 0
    }
}

/// Whether the page of this request may show the controls without a token. With one, the page finds out by itself.
pub(super) fn may_show(request: &HttpRequest) -> bool {
    let demo = request.app_data::<Data<Demo>>();
    demo.is_some_and(|demo| demo.controls && demo.allow(request).is_ok())
}

/// The token of the header. The scheme is one in any letters: https://www.rfc-editor.org/rfc/rfc9110#section-11.1
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// Whether a browser says nothing of another origin. Programs send neither header.
fn is_same_origin(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).map(|it| it.to_str().unwrap_or_default());
    let host = Origin::of(request).host;
    let is_ours = |origin: &str| {
        origin.split_once("://").is_some_and(|(_, other)| other.eq_ignore_ascii_case(&host))
    };
    header(ORIGIN.as_str()).is_none_or(is_ours)
        && header("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"))
}

/// A request that may use the controls.
pub(super) struct Allowed(pub(super) Data<Demo>);

impl FromRequest for Allowed {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let demo = request.app_data::<Data<Demo>>().cloned();
        let demo = demo.ok_or_else(Problem::internal);
        ready(demo.and_then(|demo| demo.allow(request).map(|()| Self(demo))))
    }
}
