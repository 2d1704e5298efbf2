//! Carries out what was ordered: one run and its report.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, anyhow};
use nix::sys::resource::{Resource::RLIMIT_NOFILE, getrlimit, setrlimit};
use reqwest::Url;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Order,
    conclusion::{Frame, conclude},
    environment,
    report::{self, Report, Summary},
    run::Run,
    sampler::Sampler,
    screen::Screen,
    services::Services,
    stack::Stack,
    target::Target,
};

/// A second wish to end is carried out at once.
const INTERRUPTED: i32 = 130;

/// More files than the program itself has open.
const OTHER_FILES: u64 = 100;

/// Runs it, prints the summary and writes the files.
///
/// # Errors
/// When it cannot begin, or a file cannot be written.
pub(crate) async fn carry_out(order: Order) -> anyhow::Result<ExitCode> {
    let plan = order.plan().map_err(|fault| anyhow!(fault))?;
    allow_connections(u64::from(plan.in_flight) + u64::from(plan.viewers))?;
    let target = Target::new(&order.url)?;
    let stack = stack(&order, &target);
    let of_stack = stack.metrics()?;
    target.check().await?;
    let mut services = Services::new(served(&order, &target, of_stack).await);
    // Whoever waits for an hour for a report must not learn then that its folder is missing.
    order.json.iter().chain(&order.html).try_for_each(|path| writable(path))?;
    let stop = stop_on_signal()?;

    services.begin(&target).await;
    let run = Run::new(target, &plan, &order.message, stop);
    let sampler = Sampler { services, screen: Screen::new(run.schedule.lasts()), stack };
    let frame = Frame {
        started_at: jiff::Timestamp::now(),
        environment: environment::here(sampler.stack.is_known()),
        expects: order.expects,
        plan,
    };
    let outcome = run.clone().go(&frame.plan, sampler).await;
    let outcome = outcome.with_context(|| format!("{} has no feed", run.target.url()))?;
    let report = conclude(&run, frame, outcome);
    show(&report);
    if let Some(path) = &order.json {
        write(path, &report.to_json()?)?;
    }
    if let Some(path) = &order.html {
        write(path, &report::render(&report)?)?;
    }
    Ok(report.exit_code())
}

/// Each message under way and each viewer has a connection of its own.
///
/// # Errors
/// When the system does not allow so many.
fn allow_connections(connections: u64) -> anyhow::Result<()> {
    let (_, most) = getrlimit(RLIMIT_NOFILE)?;
    setrlimit(RLIMIT_NOFILE, most, most)?;
    anyhow::ensure!(
        connections + OTHER_FILES <= most,
        "{connections} connections are more than this system allows one program: ulimit -Hn says {most}"
    );
    Ok(())
}

/// That of the file that was named, or else that of `cargo demo` beside our own program.
fn stack(order: &Order, target: &Target) -> Stack {
    let demo = || {
        let own = std::env::current_exe().ok()?;
        let file = own.parent()?.parent()?.join("barrage-data/stack.json");
        Stack::of_page(&file, target.url())
    };
    Stack::new(order.stack.clone().or_else(demo))
}

/// Where metrics are served: as was said, or by the services of the stack, or by the page, which whoever
/// publishes it may keep to themselves.
async fn served(order: &Order, target: &Target, of_stack: Vec<Url>) -> Vec<Url> {
    if !order.metrics.is_empty() {
        return order.metrics.clone();
    }
    if !of_stack.is_empty() {
        return of_stack;
    }
    let page = target.metrics();
    let is_served = target.figures(page.clone()).await.is_ok();
    is_served.then_some(page).into_iter().collect()
}

/// Told once, the run ends with what it has; told twice, the program ends at once.
fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        let (mut signal, stop) = (signal(kind)?, stop.clone());
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                if stop.is_cancelled() {
                    std::process::exit(INTERRUPTED);
                }
                stop.cancel();
            }
        });
    }
    Ok(stop)
}

fn show(report: &Report) {
    // Whoever reads only the first lines of it has closed the pipe, and wants the files all the same.
    _ = writeln!(std::io::stdout(), "{}", Summary(report));
}

/// Opens it to see whether it can be written, and leaves it as it is: it may hold an earlier report.
fn writable(path: &Path) -> anyhow::Result<()> {
    let opened = File::options().create(true).truncate(false).write(true).open(path);
    opened.map(drop).with_context(|| format!("{} cannot be written", path.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
