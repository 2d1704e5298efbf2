//! The barrage that is measured: whether one answers at its URL, and if not, what a person can do.

use std::time::Duration;

use client::{
    base_url::BaseUrl,
    homepage::{Answer, Homepage},
    http::{self, Url},
    trust::Trust,
};

/// Longer than barrage itself waits for an acknowledgement of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What every barrage has, and how its title begins.
const DOCUMENT: &str = "openapi.json";
const TITLE: &str = "Barrage";

/// A URL at which no barrage can be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{url} cannot be reached: {error}{}", advice(error, url))]
    Unreachable { url: Url, error: http::Error },
    #[error("{url} redirects to {to}: use that URL")]
    Moved { url: Url, to: String },
    #[error(
        "{url} redirects to {to}; if that is a page to log in, the load tester cannot: it only sends \
         the user and the password of its URL"
    )]
    OtherPage { url: Url, to: String },
    #[error("{0} asks for a user and a password: set BARRAGE_URL=https://USER:PASSWORD@host")]
    NoCredentials(Url),
    #[error("{0} refuses the user and the password of the URL")]
    WrongCredentials(Url),
    #[error("{url} refuses the load tester: {status}")]
    Forbidden { url: Url, status: String },
    #[error("{url} is a gateway whose barrage does not answer: {status}")]
    NothingBehind { url: Url, status: String },
    #[error("{url} compresses its answers ({encoding}) although it is asked not to: turn that off")]
    Compressed { url: Url, encoding: String },
    #[error("{0} is no barrage: it answers with a page of its own; is the path of the URL right?")]
    Page(Url),
    #[error(
        "{url} is no barrage: its /{DOCUMENT} does not exist or describes something else ({status})"
    )]
    NoBarrage { url: Url, status: String },
    #[error("no HTTP client can be created: {}", chain(.0))]
    NoClient(#[source] http::ClientError),
}

/// A barrage at an address.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) homepage: Homepage,
    pub(crate) base: BaseUrl,
}

impl Target {
    pub(crate) fn new(base: BaseUrl, trust: &Trust) -> Result<Self, Error> {
        let homepage = Homepage::at(&base, trust, TIMEOUT).map_err(Error::NoClient)?;
        Ok(Self { homepage, base })
    }

    /// Fails unless a barrage answers there.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let unreachable = |error| Error::Unreachable { url: self.base.url().clone(), error };
        let answer = self.homepage.get(&format!("/{DOCUMENT}")).await.map_err(unreachable)?;
        judge(&self.base, &answer)
    }
}

/// Whether this answer to a request for barrage's OpenAPI document is a barrage's.
fn judge(base: &BaseUrl, answer: &Answer) -> Result<(), Error> {
    let (url, status) = (base.url().clone(), answer.status.to_string());
    if let Some(location) = answer.location.as_ref().filter(|_| answer.status.is_redirection()) {
        return Err(redirected(url, location));
    }
    if let Some(encoding) = answer.content_encoding.clone().filter(|it| it != "identity") {
        return Err(Error::Compressed { url, encoding });
    }
    match answer.status.as_u16() {
        401 if base.has_credentials() => return Err(Error::WrongCredentials(url)),
        401 => return Err(Error::NoCredentials(url)),
        403 => return Err(Error::Forbidden { url, status }),
        502..=504 => return Err(Error::NothingBehind { url, status }),
        _ => {}
    }
    let is_ours = answer.body["info"]["title"].as_str().is_some_and(|it| it.starts_with(TITLE));
    match (is_ours && answer.status.is_success(), answer.content_type.starts_with("text/html")) {
        (true, _) => Ok(()),
        (false, true) if answer.status.is_success() => Err(Error::Page(url)),
        (false, _) => Err(Error::NoBarrage { url, status }),
    }
}

/// A redirect of the document leads to the same document of the barrage itself, or to a page to log in.
fn redirected(url: Url, location: &str) -> Error {
    let Ok(mut to) = url.join(DOCUMENT).and_then(|document| document.join(location)) else {
        return Error::OtherPage { url, to: "an invalid URL".into() };
    };
    // They may have secrets. A URL that cannot have a user has none.
    let hidden = to.set_username("").and_then(|()| to.set_password(None));
    let is_http = hidden.is_ok() && matches!(to.scheme(), "http" | "https");
    to.set_query(None);
    to.set_fragment(None);
    match to.path().strip_suffix(DOCUMENT).map(str::to_owned) {
        Some(path) if is_http && path.ends_with('/') => {
            to.set_path(&path);
            Error::Moved { url, to: to.into() }
        }
        Some(_) | None if is_http => Error::OtherPage { url, to: to.into() },
        Some(_) | None => Error::OtherPage { url, to: "another scheme".into() },
    }
}

/// What a person can do about a request that failed.
fn advice(error: &http::Error, url: &Url) -> &'static str {
    match error {
        http::Error::Certificate(_) => {
            "; --ca FILE accepts those of one more certificate authority, --insecure accepts any"
        }
        http::Error::Cut if url.scheme() == "http" => "; is its URL https://?",
        http::Error::NoConnection
        | http::Error::UnknownHost
        | http::Error::Tls(_)
        | http::Error::Timeout
        | http::Error::Cut
        | http::Error::Status(..)
        | http::Error::Malformed => "",
    }
}

/// What the library says, with its causes.
fn chain(error: &http::ClientError) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use client::homepage::Answer;
    use serde_json::{Value, json};

    use super::*;

    fn answer(status: u16, kind: &str, body: Value) -> Answer {
        Answer {
            status: status.try_into().unwrap(),
            content_type: kind.into(),
            content_encoding: None,
            location: None,
            retry_after: None,
            body,
        }
    }

    fn says(url: &str, answer: &Answer) -> String {
        judge(&BaseUrl::parse(url).unwrap(), answer).unwrap_err().to_string()
    }

    fn redirect(url: &str, status: u16, location: &str) -> String {
        let location = Some(location.into());
        says(url, &Answer { location, ..answer(status, "text/html", Value::Null) })
    }

    #[test]
    fn a_barrage_is_known_by_its_document() {
        let base = BaseUrl::parse("http://host").unwrap();
        let document = json!({ "info": { "title": "Barrage API" } });
        assert!(judge(&base, &answer(200, "application/json", document.clone())).is_ok());
        assert!(judge(&base, &answer(404, "application/json", document)).is_err());
        let other = answer(200, "application/json", json!({ "info": { "title": "Pets" } }));
        assert!(says("http://host", &other).contains("is no barrage"));
    }

    #[test]
    fn a_redirect_names_the_url_to_use() {
        for (url, location, to) in [
            ("http://host", "https://host/openapi.json", "to https://host/: use"),
            ("http://host/b", "https://host/b/openapi.json", "to https://host/b/: use"),
            ("http://host", "//www.host/openapi.json?x=secret", "to http://www.host/: use"),
            ("https://host", "/barrage/openapi.json", "to https://host/barrage/: use"),
            ("https://host", "https://u:secret@host/a/openapi.json", "to https://host/a/: use"),
            ("https://host", "/login?state=secret", "to https://host/login; if"),
            ("https://host", "https://sso.host/#secret", "to https://sso.host/; if"),
            ("https://host", "app:secret", "to another scheme; if"),
            ("https://host", "https://", "to an invalid URL; if"),
        ] {
            for status in [301, 302, 303, 307, 308] {
                let text = redirect(url, status, location);
                assert!(text.contains(to) && !text.contains("secret"), "{location}: {text}");
            }
        }
    }

    #[test]
    fn what_answers_in_place_of_a_barrage_is_told() {
        let page = |status| answer(status, "text/html; charset=utf-8", json!("<html>"));
        for (url, answer, named) in [
            ("https://host", page(401), "BARRAGE_URL"),
            ("https://ann:secret@host", page(401), "refuses the user and the password"),
            ("https://host", page(403), "403 Forbidden"),
            ("https://host", page(502), "gateway whose barrage does not answer: 502 Bad Gateway"),
            ("https://host", page(200), "page of its own"),
            ("https://host", page(404), "404 Not Found"),
        ] {
            let text = says(url, &answer);
            assert!(text.contains(named) && !text.contains("secret"), "{text}");
        }
        let content_encoding = Some("gzip".into());
        let gzip = Answer { content_encoding, ..answer(200, "application/json", json!("?")) };
        assert!(says("https://host", &gzip).contains("gzip"));
    }
}
