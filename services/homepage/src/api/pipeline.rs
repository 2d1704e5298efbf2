//! `GET /pipeline`: how much comes, waits and is finished, what each processor does, and how it came to this.

use actix_web::http::header::{self, AcceptEncoding, CACHE_CONTROL, ContentEncoding, VARY};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

use crate::pipeline::Pipeline;

/// A cache in front may answer a crowd. It is made four times a second, so it is hardly older by that.
const FOR_ALL: &str = "public, max-age=1";

/// The same bytes for all viewers, compressed already.
pub(super) async fn show(pipeline: Data<Pipeline>, request: HttpRequest) -> HttpResponse {
    let (bytes, is_gzip) = pipeline.answer(accepts_gzip(&request));
    let mut response = HttpResponse::Ok();
    response.content_type("application/json").insert_header((CACHE_CONTROL, FOR_ALL));
    response.insert_header((VARY, "Accept-Encoding"));
    if is_gzip {
        // So the middleware leaves the bytes as they are.
        response.insert_header(ContentEncoding::Gzip);
    }
    response.body(bytes)
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    let gzip = header::Encoding::gzip();
    let accepted = request.get_header::<AcceptEncoding>();
    accepted.is_some_and(|it| it.negotiate([&gzip].into_iter()).as_ref() == Some(&gzip))
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::http::header::CONTENT_ENCODING;
    use actix_web::middleware::Compress;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::web;

    use super::*;

    #[actix_web::test]
    async fn whoever_accepts_gzip_gets_it_and_everybody_gets_json() {
        let app = App::new()
            .app_data(Data::new(Pipeline::default()))
            .wrap(Compress::default())
            .route("/pipeline", web::get().to(show));
        let app = init_service(app).await;
        for (accepted, gzip) in [
            (None, false),
            (Some("gzip, deflate, br"), true),
            (Some("br"), false),
            (Some("gzip;q=0"), false),
        ] {
            let request = TestRequest::get().uri("/pipeline");
            let request = match accepted {
                Some(accepted) => request.insert_header((header::ACCEPT_ENCODING, accepted)),
                None => request,
            };
            let response = call_service(&app, request.to_request()).await;
            let coding = response.headers().get(CONTENT_ENCODING).cloned();
            assert_eq!(coding.is_some_and(|it| it == "gzip"), gzip, "{accepted:?}");
            let body = read_body(response).await;
            let is_json = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
            assert_eq!((is_json, body.starts_with(&[0x1f, 0x8b])), (!gzip, gzip), "{accepted:?}");
        }
    }
}
