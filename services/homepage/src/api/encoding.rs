//! The encoding of an answer whose compressed bytes are there already: the best one that the client accepts.

use actix_web::http::header::{self, AcceptEncoding, ContentEncoding};
use actix_web::{HttpMessage as _, HttpRequest};

use crate::assets::Encoding;

/// The encodings that the client accepts, the one with the smallest result first.
pub(super) fn accepted(request: &HttpRequest) -> impl Iterator<Item = Encoding> {
    let header = request.get_header::<AcceptEncoding>();
    let takes = move |encoding: &Encoding| {
        let coding = header::Encoding::Known(coding(*encoding));
        let chosen = header.as_ref().and_then(|header| header.negotiate([&coding].into_iter()));
        chosen.as_ref() == Some(&coding)
    };
    Encoding::ALL.into_iter().filter(takes)
}

/// Its name in `Content-Encoding`. An answer that has one is left as it is by the middleware.
pub(super) fn coding(encoding: Encoding) -> ContentEncoding {
    match encoding {
        Encoding::Brotli => ContentEncoding::Brotli,
        Encoding::Gzip => ContentEncoding::Gzip,
    }
}
