//! A second listener of a broker: SCRAM over TLS, for users with limited permissions.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use process::port::Port;
use uuid::Uuid;

use super::installation::find_program;

/// The password of the broker's key store. It is no secret: the file belongs to one test.
const STORE_PASSWORD: &str = "barrage";

/// A user of the broker.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub password: String,
    /// May do everything, without ACLs.
    pub is_super: bool,
}

/// The listener's port, keys and users.
#[derive(Debug)]
pub struct SecureListener {
    port: Port,
    folder: PathBuf,
    users: Vec<User>,
}

/// A shell script that exports the variables of this user.
pub fn exports_file(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{user}.env"))
}

impl User {
    /// A user with a random password.
    pub fn new(name: &str, is_super: bool) -> Self {
        Self { name: name.into(), password: Uuid::new_v4().simple().to_string(), is_super }
    }
}

impl SecureListener {
    /// Creates the broker's key and certificate in `folder` with Java's `keytool`.
    pub fn new(folder: &Path, users: Vec<User>) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let listener = Self { port: Port::reserve(0)?, folder: folder.into(), users };
        if !listener.ca().exists() {
            listener.create_key()?;
        }
        for user in listener.users() {
            let exports = listener.variables(user).into_iter().map(|(name, value)| {
                // No value has a character that a shell would interpret.
                format!("export {name}={value}\n")
            });
            fs::write(exports_file(folder, &user.name), exports.collect::<String>())?;
        }
        Ok(listener)
    }

    /// The variables with which a service connects as this user.
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

    /// The certificate that clients have to trust.
    fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    pub(super) fn users(&self) -> &[User] {
        &self.users
    }

    /// The port, which must stay reserved as long as the broker may start again.
    pub fn into_port(self) -> Port {
        self.port
    }

    /// The end of the settings `listeners` and `advertised.listeners`.
    pub(super) fn listener(&self) -> String {
        format!(",SASL_SSL://{}", self.address())
    }

    pub(super) fn settings(&self) -> String {
        let mut settings = format!(
            "sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256\n\
             ssl.keystore.type=PKCS12\n\
             ssl.keystore.location={}\n\
             ssl.keystore.password={STORE_PASSWORD}\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS",
            self.key().display()
        );
        for user in self.users.iter().filter(|user| user.is_super) {
            write!(settings, ";User:{}", user.name).expect("a String takes every write");
        }
        for mechanism in ["256", "512"] {
            let module = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
            let name = format!("listener.name.sasl_ssl.scram-sha-{mechanism}.sasl.jaas.config");
            write!(settings, "\n{name}={module}").expect("a String takes every write");
        }
        settings + "\n"
    }

    fn key(&self) -> PathBuf {
        self.folder.join("broker.p12")
    }

    fn create_key(&self) -> io::Result<()> {
        let key = self.key();
        let store = ["-keystore", &key.to_string_lossy(), "-storepass", STORE_PASSWORD];
        let entry = ["-alias", "broker", "-storetype", "PKCS12"];
        let generate =
            ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "365"];
        let subject = ["-dname", "CN=localhost", "-ext", "san=ip:127.0.0.1,dns:localhost"];
        keytool(&[&generate[..], &subject, &["-ext", "bc=ca:true"], &entry, &store].concat())?;
        let ca = self.ca();
        let export = ["-exportcert", "-rfc", "-file", &ca.to_string_lossy()];
        keytool(&[&export[..], &entry, &store].concat())
    }
}

fn keytool(args: &[&str]) -> io::Result<()> {
    let program = find_program("keytool").ok_or_else(|| io::Error::other("there is no keytool"))?;
    let output = Command::new(program).args(args).stdin(Stdio::null()).output()?;
    let message = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(()) } else { Err(io::Error::other(message)) }
}
