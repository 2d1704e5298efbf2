//! A guest with a phone: a device that the homepage knows by a cookie, a name, and one message at a time.

use std::time::Duration;

use reqwest::{
    Method, Response,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, SET_COOKIE},
};
use serde_json::json;

use crate::{
    answers::Accepted,
    homepage::Homepage,
    http::{self, Error},
};

/// The cookie by which a homepage knows a device again.
const DEVICE: &str = "barrage_device";

/// A guest, who sends as the page `/join` does.
#[derive(Clone, Debug)]
pub struct Guest {
    homepage: Homepage,
    name: String,
}

/// A message that was not accepted.
#[derive(Clone, Debug)]
pub struct Refused {
    pub error: Error,
    /// How long to wait before the next message, if the answer says it; else zero.
    pub wait: Duration,
}

impl Guest {
    /// Opens `/join`, and keeps the cookie of its answer. A homepage of before has no such page: then the guest takes the
    /// cookie of the first answer that has one.
    pub async fn join(homepage: &Homepage, name: String) -> Result<Self, Error> {
        let mut guest = Self { homepage: homepage.clone(), name };
        let request = homepage.request_as_browser(Method::GET, "/join", "text/html");
        let answer = request.send().await?;
        guest.take_device(&answer);
        match Error::of_status(answer.status()) {
            Some(error) if !error.is_not_found() => Err(error),
            _ => Ok(guest),
        }
    }

    /// The homepage as this guest's phone reaches it, with the cookie.
    pub fn homepage(&self) -> &Homepage {
        &self.homepage
    }

    /// Whether a homepage has given it a cookie.
    pub fn has_device(&self) -> bool {
        self.homepage.cookie().is_some()
    }

    /// Sends one message.
    pub async fn send(&mut self, message: &str) -> Result<Accepted, Refused> {
        let failed = |error| Refused { error, wait: Duration::ZERO };
        let request =
            self.homepage.request_as_browser(Method::POST, "/messages", "application/json");
        let body = json!({ "message": message, "name": self.name }).to_string();
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.map_err(|error| failed(error.into()))?;
        self.take_device(&answer);
        let wait = wait_of(answer.headers().get(RETRY_AFTER));
        let answer = http::checked(answer).await.map_err(|error| Refused { error, wait })?;
        let body = http::plain_body(answer).await.map_err(failed)?;
        serde_json::from_slice(&body).map_err(|_| failed(Error::Malformed))
    }

    fn take_device(&mut self, answer: &Response) {
        let cookies = answer.headers().get_all(SET_COOKIE).iter();
        if let Some(cookie) = cookies.filter_map(device).next_back() {
            self.homepage = self.homepage.clone().with_cookie(cookie);
        }
    }
}

/// The header `Cookie` that answers this `Set-Cookie`, if it is the cookie of a device.
fn device(set_cookie: &HeaderValue) -> Option<HeaderValue> {
    let pair = set_cookie.to_str().ok()?.split(';').next()?.trim();
    let (name, value) = pair.split_once('=')?;
    (name == DEVICE && !value.is_empty()).then(|| HeaderValue::from_str(pair).ok())?
}

fn wait_of(retry_after: Option<&HeaderValue>) -> Duration {
    let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_of_a_device_is_sent_back_without_its_attributes() {
        let header = |text| HeaderValue::from_static(text);
        let set =
            header("barrage_device=0123abcd; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000");
        assert_eq!(device(&set), Some(header("barrage_device=0123abcd")));
        for other in ["theme=dark; Path=/", "barrage_device=; Max-Age=0", "barrage_device", ""] {
            assert_eq!(device(&header(other)), None, "{other}");
        }
    }

    #[test]
    fn the_wait_is_that_of_retry_after() {
        assert_eq!(wait_of(Some(&HeaderValue::from_static("2"))), Duration::from_secs(2));
        assert_eq!(wait_of(Some(&HeaderValue::from_static("soon"))), Duration::ZERO);
        assert_eq!(wait_of(None), Duration::ZERO);
    }
}
