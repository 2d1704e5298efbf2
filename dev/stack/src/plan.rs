//! Which processes a stack has, and which variables and ports connect them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    io,
    path::PathBuf,
};

use process::{
    child::{Inherits, Spec},
    death_signal::DeathSignal,
    port::Port,
};

/// The names of the processes. Their programs have the same names.
pub mod name {
    pub const BROKER: &str = "broker";
    pub const TABLE: &str = "table";
    /// With several processors, and with those that come and go, the processes are `message-processor-1`,
    /// `message-processor-2` and so on.
    pub const PROCESSOR: &str = "message-processor";
    pub const ROUTER: &str = "event-router";
    pub const HOMEPAGE: &str = "homepage";
}

/// The programs of a stack.
pub const PROGRAMS: [&str; 5] =
    [name::BROKER, name::TABLE, name::PROCESSOR, name::ROUTER, name::HOMEPAGE];

/// Variables that connect the processes. The plan sets them, so the user's own values are never passed on.
const OWNED: &[&str] = &[
    "HOST",
    "PORT",
    "INSTANCE",
    "SINK",
    "DEMO_CONTROLS",
    "LAUNCHER_URL",
    "LAUNCHER_TOKEN",
    "KAFKA_GROUP_INSTANCE_ID",
    "KAFKA_SERVER",
    "KAFKA_USER",
    "KAFKA_PWD",
    "KAFKA_SECURITY_PROTOCOL",
    "KAFKA_SASL_MECHANISM",
    "KAFKA_SSL_CA",
    "OTS_ENDPOINT",
    "OTS_KEYID",
    "OTS_SECRET",
];

/// Values for one machine, unless the user has set others. The stand-in broker polls for each fetch, so few
/// partitions and long waits save work. All load comes from one address, hence the high limit.
const DEFAULTS: [(&str, &str); 3] =
    [("KAFKA_PARTITIONS", "4"), ("KAFKA_FETCH_WAIT_MS", "100"), ("MAX_CLIENT_RATE", "20000")];

#[derive(Debug, thiserror::Error)]
#[error("not built: {0:?}; run cargo xtask build")]
pub struct NotBuilt(BTreeSet<PathBuf>);

/// What to run, and where.
#[derive(Debug)]
pub struct Plan {
    /// The folder of the programs.
    pub programs: PathBuf,
    /// The folder of the data, an absolute path.
    pub data: PathBuf,
    /// How many message-processors, for [`Plan::specs`]; 0 means 1.
    pub processors: u16,
    /// The file from which the router learns where the processors are, an absolute path. Whoever runs the plan writes
    /// it. None: the router knows all processors of the plan from its start.
    pub sink: Option<PathBuf>,
    pub page: Port,
    /// The page's address for other machines; none if they cannot reach it.
    pub public_url: Option<String>,
    /// How many bytes of data the stand-ins keep, half of it each. None: all.
    pub keep: Option<u64>,
    /// The variables that the user has set: the processes inherit them, and defaults do not replace them.
    /// `None`: the processes inherit nothing.
    pub environment: Option<BTreeSet<OsString>>,
}

impl Plan {
    /// Every process, in the order of their starts. Ports are reserved here, so every process knows the
    /// addresses of all others, in whatever order they start.
    pub fn specs(self) -> io::Result<Vec<Spec>> {
        let count = self.processors.max(1);
        let Parts { storage, mut router, homepage, processors } = self.parts()?;
        let processors = match count {
            1 => vec![processors.named(name::PROCESSOR, Port::reserve(0)?)],
            several => (1..=several)
                .map(|n| Ok(processors.spec(n, Port::reserve(0)?)))
                .collect::<io::Result<_>>()?,
        };
        let addresses: Vec<_> = processors.iter().map(|spec| url(&spec.port)).collect();
        router.env.entry("SINK".into()).or_insert(addresses.join(","));
        Ok(storage.into_iter().chain(processors).chain([router, homepage]).collect())
    }

    /// The same for processors that come and go, for which the plan needs a file.
    pub fn parts(self) -> io::Result<Parts> {
        let [broker, table, router] = [Port::reserve(0)?, Port::reserve(0)?, Port::reserve(0)?];
        let common_env = self.common_env(&broker, &table);
        let builder = SpecBuilder {
            death_signal: DeathSignal::find(),
            common_env,
            inherits: match self.environment {
                Some(_) => Inherits::AllBut(OWNED),
                None => Inherits::Nothing,
            },
            programs: self.programs,
            data: self.data,
            keep: self.keep,
        };
        let mut router = builder.service(name::ROUTER, router);
        if let Some(file) = self.sink {
            router.env.insert("SINK".into(), format!("file://{}", file.display()));
        }
        Ok(Parts {
            storage: [
                builder.stand_in(name::BROKER, broker)?,
                builder.stand_in(name::TABLE, table)?,
            ],
            router,
            homepage: builder.service(name::HOMEPAGE, self.page),
            processors: ProcessorSpecs(builder.service(name::PROCESSOR, Port::reserve(0)?)),
        })
    }

    /// The variables of every service.
    fn common_env(&self, broker: &Port, table: &Port) -> BTreeMap<String, String> {
        let is_set = |name: &'static str| {
            self.environment.as_ref().is_some_and(|set| set.contains(OsStr::new(name)))
        };
        let mut env = BTreeMap::from(
            [
                ("KAFKA_SERVER", broker.address().to_string()),
                ("OTS_ENDPOINT", url(table)),
                // The stand-in accepts any credentials, but the protocol requires some.
                ("OTS_KEYID", "demo".into()),
                ("OTS_SECRET", "demo".into()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let public_url = self.public_url.iter().map(|url| ("PUBLIC_URL", url.as_str()));
        let defaults = DEFAULTS.into_iter().chain(public_url).filter(|(name, _)| !is_set(name));
        env.extend(defaults.map(|(name, value)| (name.into(), value.into())));
        env
    }
}

/// All processes of a plan but its processors, and how to run those.
#[derive(Debug)]
pub struct Parts {
    /// The broker and the table.
    pub storage: [Spec; 2],
    pub router: Spec,
    pub homepage: Spec,
    pub processors: ProcessorSpecs,
}

/// How to run processors, however many: each is a replica of this one.
#[derive(Debug)]
pub struct ProcessorSpecs(Spec);

impl ProcessorSpecs {
    /// Processors like this one, which does not run itself.
    pub fn like(processor: Spec) -> Self {
        Self(processor)
    }

    /// The processor `message-processor-N` at this port. The page shows its name.
    pub fn spec(&self, n: u16, port: Port) -> Spec {
        self.named(&format!("{}-{n}", name::PROCESSOR), port)
    }

    /// Its program. [`check_built`] says whether it is there.
    pub fn program(&self) -> PathBuf {
        self.0.program.clone()
    }

    /// The value of a variable that it has for itself.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.0.env.get(name).map(String::as_str)
    }

    fn named(&self, name: &str, port: Port) -> Spec {
        self.0.replica(name, port)
    }
}

#[derive(Debug)]
struct SpecBuilder {
    death_signal: DeathSignal,
    common_env: BTreeMap<String, String>,
    inherits: Inherits,
    programs: PathBuf,
    data: PathBuf,
    keep: Option<u64>,
}

impl SpecBuilder {
    fn stand_in(&self, name: &str, port: Port) -> io::Result<Spec> {
        let folder = self.data.join(name);
        std::fs::create_dir_all(&folder)?;
        let mut spec = self.spec(name, port);
        let number = spec.port.address().port().to_string();
        spec.args = vec!["--port".into(), number.into(), "--data".into(), folder.into()];
        if let Some(bytes) = self.keep {
            spec.args.extend(["--keep".into(), (bytes / 2).to_string().into()]);
        }
        Ok(spec)
    }

    fn service(&self, name: &str, port: Port) -> Spec {
        let mut spec = self.spec(name, port);
        spec.env = self.common_env.clone();
        let address = spec.port.address();
        spec.env.insert("HOST".into(), address.ip().to_string());
        spec.env.insert("PORT".into(), address.port().to_string());
        spec
    }

    fn spec(&self, name: &str, port: Port) -> Spec {
        let program = self.programs.join(name);
        let spec = Spec::new(name, program, &self.data, port, self.death_signal);
        Spec { inherits: self.inherits, ..spec }
    }
}

/// Fails with the names of those programs that are not built.
pub fn check_built(programs: impl IntoIterator<Item = PathBuf>) -> Result<(), NotBuilt> {
    let missing: BTreeSet<_> = programs.into_iter().filter(|program| !program.is_file()).collect();
    if missing.is_empty() { Ok(()) } else { Err(NotBuilt(missing)) }
}

fn url(port: &Port) -> String {
    format!("http://{}", port.address())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(processors: u16, set: Option<&[&str]>) -> Vec<Spec> {
        let data = tempfile::tempdir().unwrap();
        let environment = set.map(|names| names.iter().map(OsString::from).collect());
        let page = Port::reserve(0).unwrap();
        let plan = Plan {
            programs: "/programs".into(),
            data: data.path().into(),
            processors,
            sink: None,
            page,
            public_url: Some("http://192.168.1.5:8080".into()),
            keep: Some(1000),
            environment,
        };
        plan.specs().unwrap()
    }

    fn names(specs: &[Spec]) -> Vec<&str> {
        specs.iter().map(|spec| spec.name.as_str()).collect()
    }

    #[tokio::test]
    async fn processes_start_after_those_that_they_need() {
        let expected = ["broker", "table", "message-processor", "event-router", "homepage"];
        assert_eq!(names(&specs(1, None)), expected);
    }

    #[tokio::test]
    async fn the_router_knows_every_processor() {
        let specs = specs(2, None);
        assert_eq!(names(&specs)[2..4], ["message-processor-1", "message-processor-2"]);
        let sink = format!("{},{}", url(&specs[2].port), url(&specs[3].port));
        assert_eq!(specs[4].env["SINK"], sink);
    }

    #[tokio::test]
    async fn processors_that_come_and_go_are_found_in_a_file() {
        let data = tempfile::tempdir().unwrap();
        let plan = Plan {
            programs: "/programs".into(),
            data: data.path().into(),
            processors: 0,
            sink: Some("/data/processors".into()),
            page: Port::reserve(0).unwrap(),
            public_url: None,
            keep: None,
            environment: None,
        };
        let parts = plan.parts().unwrap();
        assert_eq!(parts.router.env["SINK"], "file:///data/processors");
        let processor = parts.processors.spec(3, Port::reserve(0).unwrap());
        assert_eq!(processor.name, "message-processor-3");
        assert_eq!(processor.env["INSTANCE"], "message-processor-3");
    }

    #[tokio::test]
    async fn each_stand_in_may_keep_half_of_the_data() {
        let keeps = |spec: &Spec| spec.args.windows(2).any(|it| it == ["--keep", "500"]);
        let with: Vec<_> = specs(1, None).iter().map(keeps).collect();
        assert_eq!(with, [true, true, false, false, false]);
    }

    #[tokio::test]
    async fn the_homepage_knows_its_address_for_other_machines() {
        let specs = specs(1, None);
        assert_eq!(specs[4].env["PUBLIC_URL"], "http://192.168.1.5:8080");
        assert_eq!(specs[4].env["HOST"], "127.0.0.1");
    }

    #[tokio::test]
    async fn a_default_does_not_replace_what_the_user_has_set() {
        let set = ["KAFKA_PARTITIONS", "PUBLIC_URL"];
        let specs = specs(1, Some(&set));
        assert!(!specs[4].env.contains_key("PUBLIC_URL"));
        let router = &specs[3].env;
        assert!(!router.contains_key("KAFKA_PARTITIONS"));
        assert_eq!(router["KAFKA_FETCH_WAIT_MS"], "100");
    }
}
