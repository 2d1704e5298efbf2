//! The URL below which a barrage answers, with the user and password that a gateway in front of it may ask for.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use reqwest::header::HeaderValue;

use crate::http::Url;

/// An http or https URL. Nothing that shows it shows its user and password.
#[derive(Clone, Debug)]
pub struct BaseUrl {
    /// Without user and password. Its path ends with a slash.
    url: Url,
    credentials: Option<Credentials>,
}

#[derive(Clone)]
struct Credentials {
    user: String,
    /// Empty where the URL has none.
    password: String,
}

/// A text that cannot be used as the URL of a barrage. No message has a part that may be a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text, without what may be user and password.
    #[error("{0:?} is not the URL of a barrage; an example is http://127.0.0.1:8080")]
    NoUrl(String),
    #[error(
        "the URL has a query or a fragment: leave out all from ? or # on (in a password, ? is %3F and # is %23)"
    )]
    Query,
    #[error("the URL has an @ after its host (in a password, / is %2F; in a path, @ is %40)")]
    MisplacedAt,
    #[error(
        "the user and the password in the URL must be UTF-8 without control characters, the user without a colon"
    )]
    Credentials,
    #[error("there are two passwords: leave one out")]
    TwoPasswords,
    #[error("a password needs a user in the URL, such as https://USER@host")]
    NoUser,
}

impl BaseUrl {
    /// Reads a URL that a person typed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let no_url = || Error::NoUrl(without_user_info(text));
        let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let mut url = Url::parse(text).ok().filter(is_http).ok_or_else(no_url)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::Query);
        }
        // The password before it had a slash, so what looks like the host is not the host.
        if url.path().contains('@') {
            return Err(Error::MisplacedAt);
        }
        let credentials = Credentials::of(&url)?;
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| no_url())?;
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self { url, credentials })
    }

    /// The same URL with the password of its user, which it must not have yet.
    pub fn with_password(mut self, password: String) -> Result<Self, Error> {
        let credentials = self.credentials.as_mut().ok_or(Error::NoUser)?;
        if !credentials.password.is_empty() {
            return Err(Error::TwoPasswords);
        }
        credentials.password = password;
        credentials.check()?;
        Ok(self)
    }

    /// Scheme, host, port and path. The path ends with a slash, and there is no user and no password.
    pub fn url(&self) -> &Url {
        &self.url
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// The value of the header `authorization` by which a client logs in (RFC 7617).
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        let Credentials { user, password } = self.credentials.as_ref()?;
        let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let mut value = HeaderValue::try_from(basic).expect("base64 may stand in a header");
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl Credentials {
    fn of(url: &Url) -> Result<Option<Self>, Error> {
        let decoded = |text| percent_decode_str(text).decode_utf8().map(Into::into);
        let (user, password) = (url.username(), url.password().unwrap_or_default());
        if user.is_empty() && password.is_empty() {
            return Ok(None);
        }
        let user = decoded(user).map_err(|_| Error::Credentials)?;
        let password = decoded(password).map_err(|_| Error::Credentials)?;
        let credentials = Self { user, password };
        credentials.check().map(|()| Some(credentials))
    }

    fn check(&self) -> Result<(), Error> {
        let mut characters = self.user.chars().chain(self.password.chars());
        let fits = !self.user.contains(':') && !characters.any(char::is_control);
        fits.then_some(()).ok_or(Error::Credentials)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// A text that a person meant as a URL, without all that may be user and password.
pub fn without_user_info(text: &str) -> String {
    let Some((before, after)) = text.rsplit_once('@') else { return text.to_owned() };
    match before.split_once("://") {
        Some((scheme @ ("http" | "https"), _)) => format!("{scheme}://…@{after}"),
        Some(_) | None => format!("…@{after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        BaseUrl::parse(text).map_or_else(|error| error.to_string(), |base| base.to_string())
    }

    fn authorization(text: &str) -> Option<String> {
        let value = BaseUrl::parse(text).unwrap().authorization()?;
        let basic = value.to_str().unwrap().strip_prefix("Basic ").unwrap().to_owned();
        Some(String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap())
    }

    #[test]
    fn a_path_is_kept_with_exactly_one_slash_at_its_end() {
        for (text, url) in [
            ("http://host", "http://host/"),
            ("http://host/", "http://host/"),
            ("https://host:8443/barrage", "https://host:8443/barrage/"),
            ("https://host/a/barrage//", "https://host/a/barrage/"),
            (" https://host:443/b%20c ", "https://host/b%20c/"),
            ("http://[::1]:8080", "http://[::1]:8080/"),
        ] {
            assert_eq!(shown(text), url);
        }
        let base = BaseUrl::parse("https://host/barrage").unwrap();
        assert_eq!(base.url().join("metrics").unwrap().as_str(), "https://host/barrage/metrics");
    }

    #[test]
    fn user_and_password_log_in_and_are_not_shown() {
        for (text, expected) in [
            ("https://zoe:secret@host/barrage", "zoe:secret"),
            ("https://zoe:se%40c%2Fr%3Aet@host", "zoe:se@c/r:et"),
            ("https://zoe:se@cret@host", "zoe:se@cret"),
            ("https://zoe:schl%C3%BCssel@host", "zoe:schlüssel"),
            ("https://zoe@host", "zoe:"),
            ("https://:secret@host", ":secret"),
        ] {
            assert_eq!(authorization(text).as_deref(), Some(expected), "{text}");
            let base = BaseUrl::parse(text).unwrap();
            let all = format!("{base} {base:?} {:?}", base.authorization());
            for secret in ["zoe", "secret", "se@c", "schl", &STANDARD.encode(expected)] {
                assert!(!all.contains(secret), "{all}");
            }
        }
        assert_eq!(authorization("https://host"), None);
    }

    #[test]
    fn what_is_no_url_of_a_barrage_is_refused_without_its_password() {
        for (text, named) in [
            ("", "http://127.0.0.1:8080"),
            ("ftp://there", "ftp://there"),
            ("localhost:8080", "localhost:8080"),
            ("ann:secret@host", "…@host"),
            ("ann:a://secret@host", "…@host"),
            ("https://ann:secret@", "https://…@"),
            ("https://ann:secret/b@host", "https://…@host"),
            ("https://ann:secret?b@host/x", "https://…@host/x"),
            ("https://ann:12/secret@host", "%2F"),
            (r"https://ann:12\secret@host", "%2F"),
            ("https://ann:12#secret@host", "%23"),
            ("https://ann:secret@host/?m=hi", "query"),
            ("https://ann:secret@host/#top", "fragment"),
            ("https://ann%3A:secret@host", "colon"),
            ("https://ann:secret%0A@host", "control"),
            ("https://ann:secret%FF@host", "UTF-8"),
        ] {
            let fault = BaseUrl::parse(text).unwrap_err().to_string();
            assert!(fault.contains(named) && !fault.contains("secret"), "{text}: {fault}");
        }
    }

    #[test]
    fn a_password_from_elsewhere_needs_a_user_and_is_the_only_one() {
        let with = |text: &str, password: &str| {
            let base = BaseUrl::parse(text).unwrap().with_password(password.into());
            base.map_err(|error| error.to_string())
        };
        let base = with("https://ann@host", "a/b@c:d").unwrap();
        let direct = BaseUrl::parse("https://ann:a%2Fb%40c%3Ad@host").unwrap();
        assert_eq!(base.authorization(), direct.authorization());
        assert!(with("https://host", "x").unwrap_err().contains("USER"));
        assert!(with("https://ann:y@host", "x").unwrap_err().contains("two passwords"));
        assert!(with("https://ann@host", "x\ny").unwrap_err().contains("control"));
    }
}
