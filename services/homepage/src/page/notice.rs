//! The line under the form: why nothing was sent, or, to people without JavaScript, that something was sent.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

use super::base_path::BasePath;
use super::translations::Translations;
use crate::cookies::cookies;

/// A text and how it looks.
pub(crate) struct Notice {
    pub(crate) text: String,
    /// A class of the style sheet.
    pub(crate) tone: &'static str,
}

impl Notice {
    pub(crate) fn refused(text: String) -> Self {
        Self { text, tone: "bad" }
    }

    /// Of a burst or of one message. The cookie says which: whoever has sent by one page may open the other.
    pub(crate) fn sent(sent: Sent, translations: &Translations) -> Self {
        let text = match sent.messages {
            1 => translations.sent_one.to_owned(),
            messages => translations.sent.with(messages),
        };
        Self { text, tone: "good" }
    }
}

/// What the answer to a form tells the page to which it redirects, by a cookie that the page takes back. In the
/// address it would come again with each reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// How many messages the burst has at most; 1 for a single message.
    pub(crate) messages: u64,
}

impl Sent {
    const NAME: &str = "barrage_sent";

    /// The value of `Set-Cookie`. The page is loaded at once, so a minute is long.
    pub(crate) fn cookie(self, base_path: &BasePath) -> HeaderValue {
        cookie(&format!("{}={}; Max-Age=60", Self::NAME, self.messages), base_path)
    }

    /// The value of `Set-Cookie` by which the browser forgets it.
    pub(crate) fn forgotten(base_path: &BasePath) -> HeaderValue {
        cookie(&format!("{}=; Max-Age=0", Self::NAME), base_path)
    }

    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        let messages = cookies(request, Self::NAME).next()?.parse().ok()?;
        Some(Self { messages })
    }
}

fn cookie(value: &str, base_path: &BasePath) -> HeaderValue {
    let value = format!("{value}; Path={base_path}; HttpOnly; SameSite=Lax");
    HeaderValue::try_from(value).expect("a name, a number and a path are visible ASCII")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::COOKIE;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::page::translations::EN;

    fn of(cookies: &str) -> Option<Sent> {
        Sent::of(&TestRequest::default().insert_header((COOKIE, cookies)).to_http_request())
    }

    #[test]
    fn the_page_reads_what_the_answer_to_a_form_has_set() {
        let sent = Sent { messages: 500 };
        let set = sent.cookie(&"/".parse().unwrap());
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        assert_eq!(of(&format!("theme=dark; {pair}; other=1")), Some(sent));
        assert!(Notice::sent(sent, &EN).text.contains("at most 500 messages"));
        assert_eq!(Notice::sent(Sent { messages: 1 }, &EN).text, EN.sent_one);
    }

    #[test]
    fn a_cookie_of_somebody_else_says_nothing() {
        for cookies in [
            "",
            "sent=5",
            "barrage_sent=",
            "barrage_sent=<b>",
            "barrage_sent=-1",
            "barrage_sent=5x",
        ] {
            assert_eq!(of(cookies), None, "{cookies}");
        }
    }
}
