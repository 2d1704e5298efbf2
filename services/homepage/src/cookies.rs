//! The cookies of a request.

use actix_web::HttpRequest;
use actix_web::http::header::COOKIE;

/// The values of the cookies of this name. Another application below the same host may have set others, of any bytes:
/// they hide none of ours.
pub(crate) fn cookies<'a>(
    request: &'a HttpRequest,
    name: &'static str,
) -> impl Iterator<Item = &'a str> {
    let headers = request.headers().get_all(COOKIE);
    let pairs = headers.flat_map(|all| all.as_bytes().split(|byte| *byte == b';'));
    let values = pairs.filter_map(move |pair| {
        pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")
    });
    values.filter_map(|value| str::from_utf8(value).ok())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    use super::*;

    fn values(headers: &[&[u8]]) -> Vec<String> {
        let append = |request: TestRequest, header: &&[u8]| {
            request.append_header((COOKIE, HeaderValue::from_bytes(header).unwrap()))
        };
        let request = headers.iter().fold(TestRequest::default(), append).to_http_request();
        cookies(&request, "ours").map(str::to_owned).collect()
    }

    #[test]
    fn all_cookies_of_the_name_are_found_in_all_headers() {
        assert_eq!(values(&[b"a=b; ours=1;ours=2", b"  ours= ;ours2=3"]), ["1", "2", ""]);
        assert_eq!(values(&[]), [""; 0]);
        assert_eq!(values(&[b"ours", b"my_ours=1"]), [""; 0]);
    }

    #[test]
    fn a_cookie_of_another_application_in_any_bytes_hides_none() {
        assert_eq!(values(&["who=小明; ours=1".as_bytes()]), ["1"]);
        assert_eq!(values(&[b"who=\xff\xfe; ours=1; ours=\xff; ours=2"]), ["1", "2"]);
    }
}
