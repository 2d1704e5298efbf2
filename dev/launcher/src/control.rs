//! The launcher's API of its own, for the homepage: what runs, and a hand on it. On loopback alone, and only for those
//! who know the token.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Request as HttpRequest, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use process::child::Spec;
use serde::Serialize;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use crate::{
    requests::{Answer, MOST_WORK_MS, Refusal, Request, View},
    supervisor::Command,
    tour::{self, PlayError},
};

/// A random number that lets somebody in. It differs in each run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token(u128);

impl Token {
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }

    pub(crate) fn to_text(self) -> String {
        format!("{:032x}", self.0)
    }

    /// Compared as numbers, so that the time it takes says nothing of how many digits are right.
    fn is(self, text: &str) -> bool {
        let is_number = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_number && u128::from_str_radix(text, 16) == Ok(self.0)
    }
}

/// The open port of the API.
pub(crate) struct Control {
    listener: TcpListener,
    token: Token,
}

/// Whom the API asks.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) scaler: mpsc::Sender<Request>,
    pub(crate) tour: tour::Handle,
}

/// The answer to `GET /scaling`.
#[derive(Serialize)]
struct Scaling {
    #[serde(flatten)]
    view: View,
    tour: Option<tour::Place>,
}

impl Control {
    pub(crate) async fn bind(token: Token) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?, token })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Tells the homepage where the API is, and lets it show controls.
    pub(crate) fn introduce(&self, homepage: &mut Spec) -> io::Result<()> {
        let url = format!("http://{}", self.address()?);
        let variables = [
            ("DEMO_CONTROLS", "true".to_owned()),
            ("LAUNCHER_URL", url),
            ("LAUNCHER_TOKEN", self.token.to_text()),
        ];
        homepage.env.extend(variables.map(|(name, value)| (name.to_owned(), value)));
        Ok(())
    }

    /// Serves until the stop.
    pub(crate) async fn run(self, api: Api, stop: CancellationToken) -> io::Result<()> {
        let router = router(api, self.token);
        axum::serve(self.listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
    }
}

fn router(api: Api, token: Token) -> Router {
    Router::new()
        .route("/scaling", get(scaling).put(set_number))
        .route("/work-ms", put(set_cost))
        .route("/parts/{name}/{how}", post(break_part))
        .route("/tour", put(set_tour))
        .with_state(api)
        .layer(from_fn_with_state(token, only_with_token))
}

async fn only_with_token(State(token): State<Token>, request: HttpRequest, next: Next) -> Response {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    if given.is_some_and(|given| token.is(given)) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn scaling(State(api): State<Api>) -> Response {
    match api.ask(Request::View).await {
        Some(view) => Json(Scaling { view, tour: api.tour.place() }).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn set_number(State(api): State<Api>, body: Bytes) -> StatusCode {
    let body: Option<Value> = serde_json::from_slice(&body).ok();
    let number = match body.as_ref().map(|body| &body["processors"]) {
        Some(Value::String(text)) if text == "automatic" => None,
        Some(Value::Number(number)) => match number.as_u64().and_then(|it| it.try_into().ok()) {
            Some(number) => Some(number),
            None => return StatusCode::UNPROCESSABLE_ENTITY,
        },
        _ => return StatusCode::UNPROCESSABLE_ENTITY,
    };
    status(api.by_hand(|answer| Request::Number(number, answer)).await)
}

async fn set_cost(State(api): State<Api>, body: Bytes) -> StatusCode {
    let ms: Option<u32> = serde_json::from_slice(&body).ok();
    match ms.filter(|ms| *ms <= MOST_WORK_MS) {
        Some(ms) => status(api.by_hand(|answer| Request::Cost(ms, answer)).await),
        None => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

async fn break_part(
    State(api): State<Api>,
    Path((name, how)): Path<(String, String)>,
) -> StatusCode {
    let command = match how.as_str() {
        "kill" => Command::Kill,
        "freeze" => Command::Freeze,
        _ => return StatusCode::NOT_FOUND,
    };
    status(api.by_hand(|answer| Request::Break(name, command, answer)).await)
}

/// Starts the tour from its first step, or stops it.
async fn set_tour(State(api): State<Api>, body: Bytes) -> Response {
    let body: Option<Value> = serde_json::from_slice(&body).ok();
    match body.as_ref().and_then(|body| body["playing"].as_bool()) {
        Some(true) => match api.tour.play().await {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(error @ PlayError::NotPossible) => {
                (StatusCode::CONFLICT, error.to_string()).into_response()
            }
            Err(PlayError::Stopping) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
        Some(false) => {
            api.tour.stop().await;
            StatusCode::NO_CONTENT.into_response()
        }
        None => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    }
}

impl Api {
    /// What a person wants. A tour that plays stops first, so that its next step does not undo it.
    async fn by_hand(
        &self,
        request: impl FnOnce(oneshot::Sender<Answer>) -> Request,
    ) -> Option<Answer> {
        self.tour.stop().await;
        self.ask(request).await
    }

    /// `None`: the demo stops.
    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.scaler.send(request(sender)).await.ok()?;
        answer.await.ok()
    }
}

fn status(answer: Option<Answer>) -> StatusCode {
    match answer {
        Some(Ok(())) => StatusCode::NO_CONTENT,
        Some(Err(Refusal::OutOfRange)) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(Err(Refusal::UnknownPart)) => StatusCode::NOT_FOUND,
        Some(Err(Refusal::NotRunning)) => StatusCode::CONFLICT,
        None => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lets_in_only_its_own_text() {
        let token = Token::random();
        let text = token.to_text();
        assert_eq!(text.len(), 32);
        assert!(token.is(&text));
        for other in ["", "0", &text[1..], &format!("+{}", &text[1..]), &format!("{text}0")] {
            assert!(!token.is(other), "{other}");
        }
        assert!(!token.is(&Token::random().to_text()));
    }
}
