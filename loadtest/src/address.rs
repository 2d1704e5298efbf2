//! The options that say where a barrage is and whom to believe that it is there.

use std::{fs, io, path::PathBuf};

use clap::Args;
use client::{
    base_url::{self, BaseUrl},
    http::Url,
    trust::{NoCertificate, Trust},
};

#[derive(Args, Debug)]
pub(crate) struct Address {
    /// The URL of the barrage, such as http://127.0.0.1:8080 or https://host/barrage. If it has a password,
    /// https://USER:PASSWORD@host, set BARRAGE_URL to it: other users of this machine can read command lines.
    #[arg(env = "BARRAGE_URL", hide_env_values = true)]
    url: Option<Secret>,
    /// A file with the password for the user in the URL, such as https://USER@host.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A PEM file with one more certificate authority to accept, besides those of this system.
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,
    /// Accept any certificate, so that it is not known who answers. The report says so.
    #[arg(long)]
    insecure: bool,
}

/// A text that may have a password in it, as it was typed.
#[derive(Clone)]
struct Secret(String);

/// An address that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the URL of the barrage is missing: give it first, or set BARRAGE_URL (see --help)")]
    NoUrl,
    #[error(transparent)]
    Url(#[from] base_url::Error),
    #[error("{0} cannot be read: {1}")]
    File(PathBuf, io::Error),
    #[error("{0} is not usable: {1}")]
    Authority(PathBuf, NoCertificate),
    #[error(
        "--metrics must be an http or https URL without user and password: those of the barrage's \
         URL are used where scheme, host and port are the same"
    )]
    Metrics,
}

impl Address {
    /// The URL of the barrage, with the password of the file.
    pub(crate) fn base_url(&self) -> Result<BaseUrl, Error> {
        let Secret(text) = self.url.as_ref().ok_or(Error::NoUrl)?;
        let base = BaseUrl::parse(text)?;
        let Some(path) = &self.password_file else { return Ok(base) };
        let password = fs::read_to_string(path).map_err(|it| Error::File(path.clone(), it))?;
        Ok(base.with_password(password.trim_end_matches(['\r', '\n']).to_owned())?)
    }

    /// Whose certificates are accepted, of the barrage and where metrics are read.
    pub(crate) fn trust(&self, base: &BaseUrl, metrics: &[Url]) -> Result<Trust, Error> {
        if !metrics.iter().all(is_plain) {
            return Err(Error::Metrics);
        }
        if !base.is_https() && metrics.iter().all(|url| url.scheme() != "https") {
            return Ok(Trust::Nobody);
        }
        match &self.ca {
            _ if self.insecure => Ok(Trust::Anybody),
            None => Ok(Trust::System(Vec::new())),
            Some(path) => {
                let pem = fs::read(path).map_err(|error| Error::File(path.clone(), error))?;
                Trust::with_authorities(&pem).map_err(|it| Error::Authority(path.clone(), it))
            }
        }
    }
}

fn is_plain(url: &Url) -> bool {
    let has_password = !url.username().is_empty() || url.password().is_some();
    matches!(url.scheme(), "http" | "https") && !has_password
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&base_url::without_user_info(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Address {
        Address { url: Some(Secret(url.into())), password_file: None, ca: None, insecure: false }
    }

    fn trust_of(address: &Address, metrics: &[Url]) -> Result<Trust, Error> {
        address.trust(&address.base_url()?, metrics)
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_password_may_be_in_a_file() {
        let file = file("secret\n");
        let password_file = Some(file.path().to_owned());
        let address = Address { password_file, ..address("https://ann@host") };
        assert!(address.base_url().is_ok_and(|base| base.has_credentials()));
        let address = Address { url: Some(Secret("https://host".into())), ..address };
        assert!(address.base_url().unwrap_err().to_string().contains("USER"));
    }

    #[test]
    fn plain_http_needs_no_certificate_authority() {
        let metrics = |url| [Url::parse(url).unwrap()];
        let trust = |url, at| trust_of(&address(url), &metrics(at)).unwrap();
        assert!(matches!(trust("http://h", "http://m"), Trust::Nobody));
        assert!(matches!(trust("http://h", "https://m"), Trust::System(_)));
        assert!(matches!(trust("https://h", "http://m"), Trust::System(_)));
        let insecure = |url| trust_of(&Address { insecure: true, ..address(url) }, &[]).unwrap();
        assert!(matches!(insecure("https://h"), Trust::Anybody));
        assert!(matches!(insecure("http://h"), Trust::Nobody), "there is no certificate");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let no_pem = file("hello");
        for (path, named) in
            [(no_pem.path(), "BEGIN CERTIFICATE"), ("/no/such".as_ref(), "/no/such")]
        {
            let address = Address { ca: Some(path.to_owned()), ..address("https://host") };
            let fault = trust_of(&address, &[]).unwrap_err().to_string();
            assert!(fault.contains(named), "{fault}");
        }
    }

    #[test]
    fn metrics_have_no_password_of_their_own() {
        for url in ["http://ann:secret@host/metrics", "http://secret@host", "ann:secret@host"] {
            let metrics = [Url::parse(url).unwrap()];
            let fault = trust_of(&address("http://host"), &metrics).unwrap_err().to_string();
            assert!(fault.contains("--metrics") && !fault.contains("secret"), "{fault}");
        }
    }

    #[test]
    fn the_url_is_not_shown_with_its_password() {
        let shown = format!("{:?}", address("https://ann:secret@host"));
        assert!(shown.contains("host") && !shown.contains("secret"), "{shown}");
    }
}
