//! The encoding of an answer whose compressed bytes are there already: the best one that the client accepts.

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT_ENCODING, ContentEncoding, HeaderMap};

use crate::assets::Encoding;

/// The encodings that the client accepts: what it likes best first, and of equals the one with the smallest result.
/// Those that it likes less than no encoding are left out.
///
/// This reads the header itself: actix's `AcceptEncoding` took a tenth of the time of an answer to a viewer.
pub(super) fn accepted(request: &HttpRequest) -> impl Iterator<Item = Encoding> {
    let quality = |name| quality(request.headers(), name);
    let identity = quality("identity").unwrap_or_default();
    let mut accepted: Vec<_> = Encoding::ALL
        .into_iter()
        .filter_map(|encoding| Some((quality(coding(encoding).as_str())?, encoding)))
        .filter(|(quality, _)| *quality > 0.0 && *quality >= identity)
        .collect();
    accepted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    accepted.into_iter().map(|(_, encoding)| encoding)
}

/// How much the client likes an encoding, from 0 to 1, by its name or as any other one (RFC 9110, section 12.5.3). `None`
/// if the header does not say. A weight that is none counts as 0.
fn quality(headers: &HeaderMap, name: &str) -> Option<f32> {
    let items = || {
        let lines = headers.get_all(ACCEPT_ENCODING).filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(','))
    };
    let of = |wanted: &str| {
        items().find_map(|item| {
            let (coding, weight) = item.split_once(';').unwrap_or((item, "q=1"));
            coding.trim().eq_ignore_ascii_case(wanted).then(|| parse_weight(weight))
        })
    };
    of(name).or_else(|| of("*"))
}

fn parse_weight(weight: &str) -> f32 {
    let number = weight.trim().strip_prefix(['q', 'Q']).and_then(|it| it.strip_prefix('='));
    let number = number.and_then(|it| it.parse().ok());
    number.filter(|it| (0.0..=1.0).contains(it)).unwrap_or_default()
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
            ("GZIP;Q=1 , br ; q=0.9", vec![Gzip, Brotli]),
            ("br;q=2, gzip;q=x, *;q=nan", vec![]),
            ("*;q=0.5", vec![Brotli, Gzip]),
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
