//! How a test's stack differs from the usual one, and how it is started.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use client::homepage::Homepage;
use faults::table_proxy::TableProxy;
use process::{child::Spec, port::Port};
use tempfile::TempDir;

use crate::{
    backend::Backend,
    freshness::newer_source,
    plan::{NotBuilt, PROGRAMS, Plan, check_built, name},
    proxies::Proxies,
    sink_file,
    stack::{Member, Stack},
};

/// Builds a [`Stack`]. The default has one process of each kind and no variables of its own.
#[derive(Debug, Default)]
pub struct Setup {
    processors: u16,
    sink_file: bool,
    vars: Vec<(String, String, String)>,
    data: Option<Arc<TempDir>>,
    without: Vec<String>,
    later: Vec<String>,
    tcp_proxies: bool,
    table_proxy_seed: Option<u64>,
    keep: Option<u64>,
    backend: Option<Backend>,
    services: Option<PathBuf>,
}

impl Stack {
    /// Starts a stack as [`Setup::default`] describes it.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// Starts a stack with these variables: process, name, value.
    pub async fn with<const N: usize>(vars: [(&str, &str, &str); N]) -> Self {
        let setup = Setup::default();
        vars.iter().fold(setup, |setup, (of, name, value)| setup.var(of, name, value)).start().await
    }
}

impl Setup {
    /// Broker and table without any service.
    pub fn stand_ins() -> Self {
        [name::PROCESSOR, name::ROUTER, name::HOMEPAGE]
            .iter()
            .fold(Self::default(), |setup, process| setup.without(process))
    }

    pub fn processors(mut self, processors: u16) -> Self {
        self.processors = processors;
        self
    }

    /// Lets the router find its processors in a file, which is missing at first; see [`Stack::set_sink`].
    pub fn sink_file(mut self) -> Self {
        self.sink_file = true;
        self
    }

    /// Sets a variable of all processes whose name starts with `process`.
    pub fn var(mut self, process: &str, variable: &str, value: &str) -> Self {
        self.vars.push((process.into(), variable.into(), value.into()));
        self
    }

    /// Uses the data of a stack that was stopped, from [`Stack::stop_all`].
    pub fn data(mut self, data: Arc<TempDir>) -> Self {
        self.data = Some(data);
        self
    }

    /// Leaves a process out. The test may take its place.
    pub fn without(mut self, process: &str) -> Self {
        self.without.push(process.into());
        self
    }

    /// Leaves a process for [`Stack::start_again`]. The homepage may need it, so the start does not
    /// wait until the homepage is ready.
    pub fn later(mut self, process: &str) -> Self {
        self.later.push(process.into());
        self
    }

    /// Puts a proxy between each two processes; see [`Stack::break_between`].
    pub fn tcp_proxies(mut self) -> Self {
        self.tcp_proxies = true;
        self
    }

    /// Puts a proxy between the services and the table; see [`Stack::table_proxy`]. The test's own clients
    /// connect to the table directly.
    pub fn table_proxy(mut self, seed: u64) -> Self {
        self.table_proxy_seed = Some(seed);
        self
    }

    /// Lets the stand-ins keep so many bytes of data; by default they keep all.
    pub fn keep(mut self, bytes: u64) -> Self {
        self.keep = Some(bytes);
        self
    }

    /// Uses this backend, whatever `BARRAGE_BACKEND` says.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Runs the services of another build, which are in this folder.
    pub fn services(mut self, folder: &Path) -> Self {
        self.services = Some(folder.into());
        self
    }

    /// Starts the stack. Panics with the reason if it does not get ready.
    pub async fn start(self) -> Stack {
        let data = self.data.clone();
        let data = data.unwrap_or_else(|| Arc::new(tempfile::tempdir().expect("a temp folder")));
        let backend = self.backend.clone().map_or_else(Backend::from_env, Ok);
        let backend = backend.unwrap_or_else(|error| panic!("{error}"));
        let mut specs = self.specs(&data, &backend).expect("ports and folders for the stack");
        let table_proxy = match self.table_proxy_seed {
            Some(seed) => Some(put_before_table(&mut specs, seed).await),
            None => None,
        };
        let proxies = match self.tcp_proxies {
            true => Proxies::between(&mut specs, table_proxy.as_ref(), &backend),
            false => Ok(Proxies::default()),
        };
        let proxies = proxies.expect("ports for the proxies");
        let page = specs.last().expect("the homepage is the last to start").port.address();
        let homepage = Homepage::new(page).expect("an HTTP client");
        specs.retain(|spec| !self.without.contains(&spec.name));
        let built = check_built(specs.iter().map(|spec| spec.program.clone()));
        built.unwrap_or_else(|error| panic!("{error}"));
        warn_if_outdated(specs.iter().map(|spec| &*spec.program));
        let members = specs.into_iter().map(|spec| Member::new(spec, data.path())).collect();
        let mut stack = Stack { members, homepage, table_proxy, data, proxies };
        stack.start_all(&self.later).await;
        stack
    }

    fn specs(&self, data: &TempDir, backend: &Backend) -> io::Result<Vec<Spec>> {
        let plan = Plan {
            programs: programs()?,
            data: data.path().into(),
            processors: self.processors,
            sink: self.sink_file.then(|| sink_file::path(data.path())),
            page: Port::reserve(0)?,
            public_url: None,
            keep: self.keep,
            environment: None,
        };
        let mut specs = plan.specs()?;
        backend.configure(&mut specs)?;
        if let Some(folder) = &self.services {
            for spec in
                specs.iter_mut().filter(|it| ![name::BROKER, name::TABLE].contains(&&*it.name))
            {
                let program = spec.program.file_name().ok_or(io::ErrorKind::InvalidInput)?;
                spec.program = folder.join(program);
            }
        }
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
    let proxy = TableProxy::new(table.port.address(), seed).await;
    for spec in specs {
        spec.env.entry("OTS_ENDPOINT".into()).and_modify(|endpoint| *endpoint = proxy.url());
    }
    proxy
}

/// The path of a built program. Panics with what to do if it is not built.
pub fn program(name: &str) -> PathBuf {
    let program = programs().expect("a test knows where it is").join(name);
    assert!(program.is_file(), "{} is not built; run cargo xtask build", program.display());
    warn_if_outdated([&*program]);
    program
}

/// Fails if a program of a stack is not built.
pub fn check_programs() -> Result<(), NotBuilt> {
    let folder = programs().expect("a program knows where it is");
    let programs = PROGRAMS.map(|name| folder.join(name));
    warn_if_outdated(programs.iter().map(|program| &**program));
    check_built(programs)
}

/// Prints one line if a program is older than its sources: it does not show what they do.
fn warn_if_outdated<'a>(programs: impl IntoIterator<Item = &'a Path>) {
    let outdated = |program: &'a Path| Some((program, newer_source(program)?));
    if let Some((program, source)) = programs.into_iter().find_map(outdated) {
        let (program, source) = (program.display(), source.display());
        eprintln!("warning: {program} is older than {source}; run cargo xtask build");
    }
}

/// The folder of the built programs. The test's own executable is there too, or in `deps` inside it.
pub fn programs() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or(io::ErrorKind::NotFound)?;
    let parent = folder.ends_with("deps").then(|| folder.parent()).flatten();
    Ok(parent.unwrap_or(folder).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn services_of_another_build_run_on_the_stand_ins_of_this_one() {
        let data = tempfile::tempdir().unwrap();
        let setup = Setup::default().processors(2).services(Path::new("/before"));
        let specs = setup.specs(&data, &Backend::StandIns).unwrap();
        let of_before = specs.iter().filter_map(|spec| spec.program.strip_prefix("/before").ok());
        let programs: Vec<_> = of_before.map(|program| program.to_str().unwrap()).collect();
        let (processor, own) = (name::PROCESSOR, super::programs().unwrap());
        assert_eq!(programs, [processor, processor, name::ROUTER, name::HOMEPAGE]);
        assert!(specs[..2].iter().all(|spec| spec.program.starts_with(&own)));
    }
}
