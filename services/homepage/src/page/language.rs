//! Which language a person reads.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;

use super::translations::{self, Translations};

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

/// The language of one answer, and whether the address asks for it: then its links do as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locale {
    pub(crate) language: Language,
    by_address: bool,
}

impl Language {
    /// What it is called in an address.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// What the page says of itself: its characters are the simplified ones.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// What its readers call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "中文",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::English => Self::Chinese,
            Self::Chinese => Self::English,
        }
    }

    pub(crate) fn translations(self) -> &'static Translations {
        match self {
            Self::English => &translations::EN,
            Self::Chinese => &translations::ZH,
        }
    }

    /// The module with the texts of the page's scripts.
    pub(crate) fn script(self) -> &'static str {
        match self {
            Self::English => "words/en.js",
            Self::Chinese => "words/zh.js",
        }
    }

    /// Of a tag like zh-CN; whatever the region.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().trim();
        [Self::English, Self::Chinese]
            .into_iter()
            .find(|it| primary.eq_ignore_ascii_case(it.code()))
    }

    /// The one of ours that an `Accept-Language` likes best; the first of equals.
    fn accepted(header: &str) -> Option<Self> {
        let mut best = None;
        for range in header.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|it| it.parse::<f32>().ok());
            let (Some(language), Some(weight)) = (Self::of_tag(tag), weight) else { continue };
            if weight > best.map_or(0.0, |(_, best)| best) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }
}

impl Locale {
    /// What the address asks for, else what the browser does, else English.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
        Self::chosen(request.query_string(), accepted.unwrap_or_default())
    }

    fn chosen(query: &str, accepted: &str) -> Self {
        let asked = query.split('&').find_map(|pair| Language::of_tag(pair.strip_prefix("lang=")?));
        let language = asked.or_else(|| Language::accepted(accepted)).unwrap_or(Language::English);
        Self { language, by_address: asked.is_some() }
    }

    /// What an address of ours needs in order to keep the language, after this mark.
    pub(crate) fn query(self, mark: &str) -> String {
        if self.by_address { format!("{mark}lang={}", self.language.code()) } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_in_the_language_of_its_address_or_else_of_the_browser() {
        let (en, zh) = (Language::English, Language::Chinese);
        for (query, accepted, language) in [
            ("", "", en),
            ("", "zh-CN,zh;q=0.9,en;q=0.8", zh),
            ("", "en-GB,en;q=0.9,zh;q=0.8", en),
            ("", "fr-FR, zh-TW;q=0.5", zh),
            ("", "en;q=0.2, zh;q=0.7", zh),
            ("", "en;q=0.5, zh;q=0.5", en),
            ("", "zh;q=0, fr", en),
            ("", "*", en),
            ("", "zh;q=many, ;;, =", en),
            ("", "zhuang, ZH", zh),
            ("lang=zh", "en", zh),
            ("c=1&lang=en&d=1", "zh", en),
            ("lang=zh-Hans-CN", "", zh),
            ("lang=fr", "zh", zh),
            ("lang=", "", en),
            ("slang=zh", "", en),
        ] {
            assert_eq!(
                Locale::chosen(query, accepted).language,
                language,
                "{query:?} {accepted:?}"
            );
        }
    }

    #[test]
    fn links_keep_the_language_only_if_the_address_says_it() {
        assert_eq!(Locale::chosen("lang=zh", "").query("?"), "?lang=zh");
        assert_eq!(Locale::chosen("", "zh").query("?"), "");
    }
}
