//! The URL of a processor, as people write it and as it is called.

use barrage::config::Endpoint;

/// `http://host:port` from the same, or from `grpc://host:port`.
pub(super) fn parse(text: &str) -> Result<String, ()> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("grpc://")).ok_or(())?;
    let url: Endpoint = format!("http://{rest}").parse().map_err(|_| ())?;
    let plain = !url.as_str()["http://".len()..].contains('/');
    if plain { Ok(url.as_str().to_owned()) } else { Err(()) }
}
