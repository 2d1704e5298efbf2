//! `GET /qr.svg`: where a phone finds the form.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use qrcode::render::svg::Color;
use qrcode::{EcLevel, QrCode};

use super::Api;
use super::problem::Problem;
use crate::page::language::Locale;

/// The page with a form that sends one message.
pub(super) async fn show(api: Data<Api>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (public, locale) = (api.public_url(&request)?, Locale::of(&request));
    let address = format!("{}/?c=1&d=1&r=1{}", public.as_str(), locale.query("&"));
    Ok(HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(picture(&address)))
}

/// Dark on white with a white edge, whatever lies around it, and with some room for errors: projectors are weak.
fn picture(address: &str) -> String {
    let code = QrCode::with_error_correction_level(address, EcLevel::M);
    let code = code.expect("an address is far shorter than the largest code");
    code.render().dark_color(Color("#0a0d13")).light_color(Color("#ffffff")).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_is_a_picture_that_grows_with_its_address() {
        let short = picture("http://192.168.1.5:8080/?c=1&d=1&r=1");
        let long = picture(&format!("https://{}/?c=1&d=1&r=1&lang=zh", "x".repeat(192)));
        for text in [&short, &long] {
            assert!(text.contains("<svg") && text.contains("viewBox"), "{text}");
            assert!(text.contains("#0a0d13") && text.contains("#ffffff"), "{text}");
            assert!(!text.contains("<script") && !text.contains("style="), "{text}");
        }
        assert!(short.len() < long.len());
    }
}
