//! Whose certificates a client accepts.

use reqwest::{Certificate, ClientBuilder};

/// Whose certificates a client accepts.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// Nobody's, because it speaks plain HTTP alone. It then needs no certificate authorities on this system.
    #[default]
    Nobody,
    /// Those of the certificate authorities that this system trusts, and of these.
    System(Vec<Certificate>),
    /// Anybody's: who answers is not known.
    Anybody,
}

/// A text that has no certificate in the form PEM.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "there is no certificate in it: expected PEM, which begins with -----BEGIN CERTIFICATE-----"
)]
pub struct NoCertificate;

impl Trust {
    /// The system's certificate authorities, and those of a PEM text.
    pub fn with_authorities(pem: &[u8]) -> Result<Self, NoCertificate> {
        let authorities = Certificate::from_pem_bundle(pem).map_err(|_| NoCertificate)?;
        if authorities.is_empty() { Err(NoCertificate) } else { Ok(Self::System(authorities)) }
    }

    pub(crate) fn applied_to(&self, client: ClientBuilder) -> ClientBuilder {
        match self {
            Self::Nobody => client.tls_certs_only([]),
            Self::System(more) => client.tls_certs_merge(more.iter().cloned()),
            Self::Anybody => client.tls_danger_accept_invalid_certs(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for pem in ["", "hello", KEY, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"] {
            assert!(Trust::with_authorities(pem.as_bytes()).is_err(), "{pem}");
        }
    }
}
