//! The variables for the table. Their names are the article's, and a few more.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::config::{Endpoint, Reader, Secret, Variable};

const OTS_ENDPOINT: Variable = Variable::required(
    "OTS_ENDPOINT",
    "an http:// or https:// URL",
    "The URL of the table service, which has the API of DynamoDB.",
);
const OTS_INSTANCENAME: Variable = Variable::new(
    "OTS_INSTANCENAME",
    "barrage",
    "1 to 100 of a-z A-Z 0-9 _ -",
    "The namespace of the table. Its name in DynamoDB is {OTS_INSTANCENAME}.{TABLE_NAME}.",
);
const TABLE_NAME: Variable =
    Variable::new("TABLE_NAME", "barrage", "1 to 100 of a-z A-Z 0-9 _ -", "The name of the table.");
const OTS_KEYID: Variable = Variable::required(
    "OTS_KEYID",
    "an access key ID",
    "The ID of the access key for the table service.",
);
const OTS_SECRET: Variable = Variable::required(
    "OTS_SECRET",
    "the secret of that access key",
    "The secret access key for the table service.",
)
.secret();
const OTS_REGION: Variable = Variable::new(
    "OTS_REGION",
    "us-east-1",
    "a region name",
    "The region for which requests are signed.",
);
const TABLE_TTL: Variable = Variable::new(
    "TABLE_TTL",
    "86400",
    "seconds, 60 to 31536000",
    "How long the table keeps a row.",
);

/// The physical name of the table: `{instance}.{table}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One half of a [`Name`], or a region.
struct NamePart(String);

impl FromStr for NamePart {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        let fits = (1..=100).contains(&text.len());
        if plain && fits { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    pub name: Name,
    /// How long after they were written rows expire.
    pub ttl: Duration,
    pub(super) endpoint: Endpoint,
    pub(super) region: String,
    pub(super) key_id: String,
    pub(super) secret: Secret,
}

impl Config {
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let endpoint = reader.read(&OTS_ENDPOINT);
        let instance = reader.read::<NamePart>(&OTS_INSTANCENAME);
        let table = reader.read::<NamePart>(&TABLE_NAME);
        let key_id = reader.read(&OTS_KEYID);
        let secret = reader.read(&OTS_SECRET);
        let region = reader.read::<NamePart>(&OTS_REGION);
        let ttl = reader.read_if(&TABLE_TTL, |seconds| (60..=31_536_000).contains(seconds));
        Some(Self {
            name: Name(format!("{}.{}", instance?.0, table?.0)),
            ttl: Duration::from_secs(ttl?),
            endpoint: endpoint?,
            region: region?.0,
            key_id: key_id?,
            secret: secret?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Faults, Vars};

    fn read(more: &[(&str, &str)]) -> Result<Config, Faults> {
        let base = [("OTS_ENDPOINT", "http://t:1"), ("OTS_KEYID", "k"), ("OTS_SECRET", "hush")];
        let vars = Vars::from_iter(base.iter().chain(more).copied());
        config::parse(&vars, Config::read)
    }

    #[test]
    fn the_physical_name_has_the_instance_before_the_table() {
        let config = read(&[("OTS_INSTANCENAME", "prod"), ("TABLE_NAME", "bullets")]).unwrap();
        assert_eq!(config.name.as_str(), "prod.bullets");
    }

    #[test]
    fn the_secret_is_not_in_the_debug_output() {
        assert!(!format!("{:?}", read(&[]).unwrap()).contains("hush"));
    }

    #[test]
    fn each_wrong_value_names_its_variable() {
        for (variable, value) in [
            ("OTS_ENDPOINT", "table:8000"),
            ("OTS_INSTANCENAME", "a.b"),
            ("TABLE_NAME", "a b"),
            ("TABLE_TTL", "1"),
            ("OTS_REGION", "über"),
        ] {
            let faults = read(&[(variable, value)]).unwrap_err().0;
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].variable, variable);
        }
    }
}
