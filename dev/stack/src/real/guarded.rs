//! A second way to a broker: SCRAM over TLS, for users who may do only what they are allowed to.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use process::port::Port;
use uuid::Uuid;

use super::find;

/// Protects the broker's key in its file. It lies beside it, so this is no secret.
const OF_THE_KEY: &str = "barrage";

/// Somebody who has to say who they are.
#[derive(Clone, Debug)]
pub struct User {
    /// Whom the broker knows.
    pub name: String,
    /// What proves it.
    pub password: String,
    /// May do everything.
    pub is_super: bool,
}

/// The listener with TLS, and who may come.
#[derive(Debug)]
pub struct Door {
    port: Port,
    folder: PathBuf,
    users: Vec<User>,
}

/// What a shell is told so that what it starts comes in as this user.
pub fn exports_of(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{user}.env"))
}

impl User {
    /// Somebody with a password of their own.
    pub fn new(name: &str, is_super: bool) -> Self {
        Self { name: name.into(), password: Uuid::new_v4().simple().to_string(), is_super }
    }
}

impl Door {
    /// Makes the broker's key and its certificate in `folder`.
    ///
    /// # Errors
    /// When Java's `keytool` does not.
    pub fn new(folder: &Path, users: Vec<User>) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let door = Self { port: Port::reserve(0)?, folder: folder.into(), users };
        if !door.ca().exists() {
            door.make_key()?;
        }
        for user in door.users() {
            let exports = door.variables(user).into_iter().map(|(name, value)| {
                // None of the values has anything in it that a shell would see.
                format!("export {name}={value}\n")
            });
            fs::write(exports_of(folder, &user.name), exports.collect::<String>())?;
        }
        Ok(door)
    }

    /// What a service has to be told to come in as this user.
    pub fn variables(&self, user: &User) -> BTreeMap<String, String> {
        BTreeMap::from(
            [
                ("KAFKA_SERVER", self.address()),
                ("KAFKA_USER", user.name.clone()),
                ("KAFKA_PWD", user.password.clone()),
                ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL".into()),
                ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512".into()),
                ("KAFKA_SSL_CA", self.ca().display().to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }

    fn address(&self) -> String {
        self.port.address().to_string()
    }

    /// Who says that the broker is the broker: what clients have to trust.
    fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Who may come.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The reserved port, to be held as long as the broker may start again.
    pub fn into_port(self) -> Port {
        self.port
    }

    pub(super) fn listener(&self) -> String {
        format!(",SASL_SSL://{}", self.address())
    }

    pub(super) fn settings(&self) -> String {
        let mut settings = format!(
            "sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256\n\
             ssl.keystore.type=PKCS12\n\
             ssl.keystore.location={}\n\
             ssl.keystore.password={OF_THE_KEY}\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS",
            self.key().display()
        );
        for user in self.users.iter().filter(|user| user.is_super) {
            write!(settings, ";User:{}", user.name).expect("a String takes every write");
        }
        for mechanism in ["256", "512"] {
            let module = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
            let of = format!("listener.name.sasl_ssl.scram-sha-{mechanism}.sasl.jaas.config");
            write!(settings, "\n{of}={module}").expect("a String takes every write");
        }
        settings + "\n"
    }

    fn key(&self) -> PathBuf {
        self.folder.join("broker.p12")
    }

    fn make_key(&self) -> io::Result<()> {
        let key = self.key();
        let store = ["-keystore", &key.to_string_lossy(), "-storepass", OF_THE_KEY];
        let about = ["-alias", "broker", "-storetype", "PKCS12"];
        let make = ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "365"];
        let of = ["-dname", "CN=localhost", "-ext", "san=ip:127.0.0.1,dns:localhost"];
        keytool(&[&make[..], &of, &["-ext", "bc=ca:true"], &about, &store].concat())?;
        let ca = self.ca();
        let export = ["-exportcert", "-rfc", "-file", &ca.to_string_lossy()];
        keytool(&[&export[..], &about, &store].concat())
    }
}

fn keytool(args: &[&str]) -> io::Result<()> {
    let program = find("keytool").ok_or_else(|| io::Error::other("there is no keytool"))?;
    let output = Command::new(program).args(args).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(()) } else { Err(io::Error::other(said)) }
}
