//! The language of an answer: what the address says, else what the browser prefers.

use actix_web::http::header::{AcceptLanguage, Quality};
use actix_web::{HttpMessage as _, HttpRequest};

use super::translations::{self, Translations};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

/// The language of one answer. If the address names it, the links of the page name it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locale {
    pub(crate) language: Language,
    by_address: bool,
}

impl Language {
    /// Its name in the parameter `lang`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// Its tag in `lang` and `Content-Language`: the Chinese texts use simplified characters.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// Its name in the language itself.
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
            Self::English => "translations/en.js",
            Self::Chinese => "translations/zh.js",
        }
    }

    /// The module with the texts that the guest's page alone has.
    pub(crate) fn guest_script(self) -> &'static str {
        match self {
            Self::English => "translations/join-en.js",
            Self::Chinese => "translations/join-zh.js",
        }
    }

    /// The language of a tag like `zh-CN`, of any region.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().trim();
        [Self::English, Self::Chinese]
            .into_iter()
            .find(|it| primary.eq_ignore_ascii_case(it.code()))
    }

    /// The language of ours that the header prefers; the first of equals.
    fn preferred(header: &AcceptLanguage) -> Option<Self> {
        let wanted = header.iter().filter(|range| range.quality > Quality::ZERO);
        let ours = wanted.filter_map(|range| {
            let language = Self::of_tag(range.item.item()?.primary_language())?;
            Some((language, range.quality))
        });
        // `max_by_key` takes the last of equals.
        ours.rev().max_by_key(|(_, quality)| *quality).map(|(language, _)| language)
    }
}

impl Locale {
    /// What the address says, else what `Accept-Language` prefers, else English.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let mut pairs = request.query_string().split('&');
        let explicit = pairs.find_map(|pair| Language::of_tag(pair.strip_prefix("lang=")?));
        let preferred = || Language::preferred(&request.get_header::<AcceptLanguage>()?);
        let language = explicit.or_else(preferred).unwrap_or(Language::English);
        Self { language, by_address: explicit.is_some() }
    }

    /// What a link needs in order to keep the language. `mark` is `?` or `&`.
    pub(crate) fn query(self, mark: &str) -> String {
        if self.by_address { format!("{mark}lang={}", self.language.code()) } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn locale(query: &str, accepted: &str) -> Locale {
        let request = TestRequest::with_uri(&format!("/?{query}"));
        Locale::of(&request.insert_header(("accept-language", accepted)).to_http_request())
    }

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
            ("", "zh-Hant-TW;q=0.9, en;q=0.8", zh),
            ("", "en; q=0.3, zh-HK; q=0.4", zh),
            ("lang=zh", "en", zh),
            ("c=1&lang=en&d=1", "zh", en),
            ("lang=zh-Hans-CN", "", zh),
            ("lang=fr", "zh", zh),
            ("lang=", "", en),
            ("slang=zh", "", en),
        ] {
            assert_eq!(locale(query, accepted).language, language, "{query:?} {accepted:?}");
        }
    }

    #[test]
    fn links_keep_the_language_only_if_the_address_says_it() {
        assert_eq!(locale("lang=zh", "").query("?"), "?lang=zh");
        assert_eq!(locale("", "zh").query("?"), "");
    }
}
