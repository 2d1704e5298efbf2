//! What a test may ask of its stack before it starts.

use std::{io, path::PathBuf, sync::Arc};

use client::homepage::Homepage;
use faults::table_proxy::TableProxy;
use process::{child::Spec, log::Log, port::Port};
use tempfile::TempDir;

use super::{Member, Stack, proxies::Proxies};
use crate::{
    backend::Backend,
    plan::{Plan, check_built, name},
};

/// How a stack is to be started.
#[derive(Debug, Default)]
pub struct Setup {
    processors: u16,
    vars: Vec<(String, String, String)>,
    data: Option<Arc<TempDir>>,
    without: Vec<String>,
    later: Vec<String>,
    proxied: bool,
    front: Option<u64>,
    backend: Option<Backend>,
}

impl Setup {
    /// With this many message-processors.
    pub fn processors(mut self, processors: u16) -> Self {
        self.processors = processors;
        self
    }

    /// With a variable for one process, or for all processors.
    pub fn var(mut self, process: &str, variable: &str, value: &str) -> Self {
        self.vars.push((process.into(), variable.into(), value.into()));
        self
    }

    /// On the data of a stack that has stopped.
    pub fn data(mut self, data: Arc<TempDir>) -> Self {
        self.data = Some(data);
        self
    }

    /// Without a process, so that the test can take its place.
    pub fn without(mut self, process: &str) -> Self {
        self.without.push(process.into());
        self
    }

    /// With a process that the test starts later, by [`Stack::start_again`]. Nothing is waited for that
    /// may need it.
    pub fn later(mut self, process: &str) -> Self {
        self.later.push(process.into());
        self
    }

    /// With a proxy on each way between two processes; see [`Stack::break_between`].
    pub fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// With a front before the table, whose faults follow from the seed. All services come to the
    /// table by it; the tests' own clients do not.
    pub fn table_proxy(mut self, seed: u64) -> Self {
        self.front = Some(seed);
        self
    }

    /// On this backend, whatever was asked for.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// The broker and the table alone.
    pub fn stand_ins() -> Self {
        [name::PROCESSOR, name::ROUTER, name::HOMEPAGE]
            .iter()
            .fold(Self::default(), |setup, process| setup.without(process))
    }

    /// Starts it; panics with what is wrong when it does not get ready.
    pub async fn start(self) -> Stack {
        let data = self.data.clone();
        let data = data.unwrap_or_else(|| Arc::new(tempfile::tempdir().expect("a temp folder")));
        let backend = self.backend.clone().map_or_else(Backend::asked_for, Ok);
        let backend = backend.unwrap_or_else(|error| panic!("{error}"));
        let mut specs = self.specs(&data, &backend).expect("ports and folders for the stack");
        let front = match self.front {
            Some(seed) => Some(put_before_table(&mut specs, seed).await),
            None => None,
        };
        let proxies = self.proxied.then(|| Proxies::between(&mut specs, front.as_ref(), &backend));
        let proxies = proxies.unwrap_or_else(|| Ok(Proxies::default()));
        let proxies = proxies.expect("ports for the proxies");
        let page = specs.last().expect("the homepage is the last to start").port.address();
        let homepage = Homepage::new(page).expect("an HTTP client");
        let wanted = |spec: &Spec| !self.without.contains(&spec.name);
        let specs: Vec<_> = specs.into_iter().filter(wanted).collect();
        check_built(&specs).unwrap_or_else(|error| panic!("{error}"));
        let member = |spec: Spec| {
            let log = Log::open(&data.path().join("logs"), &spec.name, false).expect("a log");
            Member { spec, log, process: None }
        };
        let members = specs.into_iter().map(member).collect();
        let mut stack = Stack { members, homepage, proxies, front, data };
        stack.start_all(&self.later).await;
        stack
    }

    fn specs(&self, data: &TempDir, backend: &Backend) -> io::Result<Vec<Spec>> {
        let plan = Plan {
            programs: programs()?,
            data: data.path().into(),
            processors: self.processors,
            page: Port::reserve(0)?,
            public_url: None,
            environment: None,
        };
        let mut specs = plan.specs()?;
        backend.furnish(&mut specs)?;
        for (process, variable, value) in &self.vars {
            for spec in specs.iter_mut().filter(|spec| spec.name.starts_with(process.as_str())) {
                spec.env.insert(variable.clone(), value.clone());
            }
        }
        Ok(specs)
    }
}

async fn put_before_table(specs: &mut [Spec], seed: u64) -> TableProxy {
    let table = specs.iter().find(|spec| spec.name == name::TABLE).expect("every plan has a table");
    let front = TableProxy::new(table.port.address(), seed).await;
    for spec in specs {
        spec.env.entry("OTS_ENDPOINT".into()).and_modify(|endpoint| *endpoint = front.url());
    }
    front
}

/// A program that was built, by its name; panics with what to do where it was not.
pub fn program(name: &str) -> PathBuf {
    let program = programs().expect("a test knows where it is").join(name);
    assert!(program.is_file(), "{} is not built; run cargo xtask build", program.display());
    program
}

/// The folder of the built programs: a test's own executable lies in `deps` inside it.
pub fn programs() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or(io::ErrorKind::NotFound)?;
    let inside = folder.ends_with("deps").then(|| folder.parent()).flatten();
    Ok(inside.unwrap_or(folder).into())
}
