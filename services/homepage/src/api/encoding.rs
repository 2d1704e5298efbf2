//! The encoding of an answer whose compressed bytes are there already: the best one that the client accepts.

use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Preference, Quality};
use actix_web::{HttpMessage as _, HttpRequest};

use crate::assets::Encoding;

/// The encodings that the client accepts: what it likes best first, and of equals the one with the smallest result.
/// Those that it likes less than no encoding are left out.
pub(super) fn accepted(request: &HttpRequest) -> impl Iterator<Item = Encoding> {
    let header = request.get_header::<AcceptEncoding>();
    let quality = |encoding| header.as_ref().and_then(|header| quality(header, encoding));
    let identity = quality(ContentEncoding::Identity).unwrap_or(Quality::ZERO);
    let mut accepted: Vec<_> = Encoding::ALL
        .into_iter()
        .filter_map(|encoding| Some((quality(coding(encoding))?, encoding)))
        .filter(|(quality, _)| *quality > Quality::ZERO && *quality >= identity)
        .collect();
    accepted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    accepted.into_iter().map(|(_, encoding)| encoding)
}

/// How much the client likes this encoding, by its name or as any other one. `None` if the header does not say.
fn quality(header: &AcceptEncoding, encoding: ContentEncoding) -> Option<Quality> {
    let named = Preference::Specific(header::Encoding::Known(encoding));
    let of = |wanted: Preference<header::Encoding>| header.iter().find(|it| it.item == wanted);
    of(named).or_else(|| of(Preference::Any)).map(|it| it.quality)
}

/// Its name in `Content-Encoding`. An answer that has one is left as it is by the middleware.
pub(super) fn coding(encoding: Encoding) -> ContentEncoding {
    match encoding {
        Encoding::Brotli => ContentEncoding::Brotli,
        Encoding::Gzip => ContentEncoding::Gzip,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::ACCEPT_ENCODING;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn what_the_client_likes_best_comes_first_and_of_equals_the_smallest() {
        use Encoding::{Brotli, Gzip};
        for (header, expected) in [
            ("gzip, deflate, br", vec![Brotli, Gzip]),
            ("gzip;q=1, br;q=0.1", vec![Gzip, Brotli]),
            ("gzip;q=0.5, identity", vec![]),
            ("gzip;q=0", vec![]),
            ("br, gzip;q=0", vec![Brotli]),
            ("*;q=0, gzip", vec![Gzip]),
            ("identity", vec![]),
            ("", vec![]),
        ] {
            let request = TestRequest::get().insert_header((ACCEPT_ENCODING, header));
            let accepted: Vec<_> = accepted(&request.to_http_request()).collect();
            assert_eq!(accepted, expected, "{header}");
        }
        assert_eq!(accepted(&TestRequest::get().to_http_request()).count(), 0);
    }
}
