//! The variables for the SASL user and for TLS.

use std::str::FromStr;

use rdkafka::ClientConfig;

use crate::config::{Reader, Secret, Variable};

const KAFKA_USER: Variable =
    Variable::optional("KAFKA_USER", "a user name", "The SASL user. If unset: no SASL.");
const KAFKA_PWD: Variable = Variable::optional(
    "KAFKA_PWD",
    "the password of KAFKA_USER",
    "The SASL password. Required if KAFKA_USER is set.",
)
.secret();
const KAFKA_SECURITY_PROTOCOL: Variable = Variable::optional(
    "KAFKA_SECURITY_PROTOCOL",
    "SASL_SSL or SASL_PLAINTEXT with KAFKA_USER, SSL or PLAINTEXT without it",
    "The security protocol. If unset: SASL_SSL with KAFKA_USER, PLAINTEXT without it.",
);
const KAFKA_SASL_MECHANISM: Variable = Variable::new(
    "KAFKA_SASL_MECHANISM",
    "PLAIN",
    "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
    "The SASL mechanism.",
);
const KAFKA_SSL_CA: Variable = Variable::optional(
    "KAFKA_SSL_CA",
    "the path of a PEM file",
    "The CA certificates that verify the brokers. If unset: those of the system.",
);

/// How to log in, and how connections are protected.
#[derive(Clone, Debug)]
pub(super) struct Security {
    protocol: Protocol,
    user: Option<String>,
    password: Option<Secret>,
    mechanism: Mechanism,
    ca: Option<String>,
}

impl Security {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let user = reader.read_optional::<String>(&KAFKA_USER);
        let password = reader.read_optional(&KAFKA_PWD);
        let protocol = reader.read_optional::<Protocol>(&KAFKA_SECURITY_PROTOCOL);
        let mechanism = reader.read(&KAFKA_SASL_MECHANISM);
        let ca = reader.read_optional(&KAFKA_SSL_CA);
        let (user, password) = (user?, password?);
        if user.is_some() && password.is_none() {
            reader.fault(&KAFKA_PWD);
        }
        let by_user = if user.is_some() { Protocol::SaslSsl } else { Protocol::Plaintext };
        let protocol = protocol?.unwrap_or(by_user);
        if protocol.has_sasl() != user.is_some() {
            reader.fault(&KAFKA_SECURITY_PROTOCOL);
        }
        Some(Self { protocol, user, password, mechanism: mechanism?, ca: ca? })
    }

    pub(super) fn user(&self) -> Option<String> {
        self.user.clone()
    }

    pub(super) fn apply(&self, client: &mut ClientConfig) {
        client.set("security.protocol", self.protocol.as_str());
        if let Some(user) = &self.user {
            let password = self.password.as_ref().map_or("", Secret::expose);
            client
                .set("sasl.mechanism", self.mechanism.as_str())
                .set("sasl.username", user)
                .set("sasl.password", password);
        }
        if let Some(ca) = &self.ca {
            client.set("ssl.ca.location", ca);
        }
    }
}

/// Declares an enum whose variants are values of librdkafka's configuration.
macro_rules! values {
    ($name:ident { $($variant:ident = $value:literal),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum $name { $($variant),+ }

        impl $name {
            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $value),+ }
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($value => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }
    };
}

values!(Protocol {
    Plaintext = "PLAINTEXT",
    Ssl = "SSL",
    SaslPlaintext = "SASL_PLAINTEXT",
    SaslSsl = "SASL_SSL",
});

values!(Mechanism {
    Plain = "PLAIN",
    Scram256 = "SCRAM-SHA-256",
    Scram512 = "SCRAM-SHA-512",
});

impl Protocol {
    fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}
