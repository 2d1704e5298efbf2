//! Measures a barrage: one run, from the check of the URL to the report.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use client::{
    browser::Decoder,
    connections,
    guest::Guest,
    homepage::{Burst, Homepage},
    http::{self, Url},
    metrics::Scraper,
    trust::Trust,
};
use futures::future::OptionFuture;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    audience, bursts,
    cli::RunOptions,
    evaluation::{Outcome, Setup, evaluate},
    feed,
    machine::{self, Stack},
    messages,
    progress::Progress,
    report::{self, Mode, Plan, Report, Summary},
    run::Run,
    sampler::Sampler,
    services::{self, Services},
    settlement,
    target::Target,
};

/// The exit code after a second signal.
const INTERRUPTED: i32 = 130;

/// Measures, prints the summary and writes the files. Fails when the run cannot start, or a file cannot be written.
pub(crate) async fn measure(options: RunOptions) -> anyhow::Result<ExitCode> {
    let plan = options.plan().map_err(|problem| anyhow!(problem))?;
    // Each message under way and each viewer has a connection of its own.
    connections::allow(u64::from(plan.in_flight) + u64::from(plan.viewers))?;
    let base = options.at.base_url()?; // read once: the file of the password may be a pipe
    let trust = options.at.trust(&base, &options.metrics)?;
    let stack = stack(&options, base.url());
    let of_stack = stack.metrics()?;
    let target = Target::new(base, &trust)?;
    target.check().await?;
    let Target { homepage, base } = target;
    let (url, scraper) = (base.url().clone(), services::scraper(&base, &trust)?);
    let metrics = metrics_urls(&options, &url, &scraper, of_stack).await;
    let mut services = Services::new(scraper, metrics);
    // A missing folder must be reported now, not after a run of an hour.
    options.json.iter().chain(&options.html).try_for_each(|path| check_writable(path))?;
    let stop = stop_on_signal()?;

    let guests = audience::join(&homepage, plan.guests).await.context("no guest can join")?;
    services.begin().await;
    let run = Run::new(homepage, &plan, &options.message, stop);
    let sampler = Sampler { services, progress: Progress::new(run.schedule.lasts()), stack };
    let setup = Setup {
        accepts_any_certificate: matches!(trust, Trust::Anybody),
        url,
        started_at: jiff::Timestamp::now(),
        environment: machine::environment(sampler.stack.is_known()),
        expects: options.expects,
        plan,
    };
    let outcome = execute(&run, &setup.plan, guests, sampler).await;
    let outcome = outcome.with_context(|| format!("{} has no feed", setup.url))?;
    let report = evaluate(&run, setup, outcome);
    print(&report);
    if let Some(path) = &options.json {
        write(path, &report.to_json()?)?;
    }
    if let Some(path) = &options.html {
        write(path, &report::render(&report)?)?;
    }
    Ok(report.exit_code())
}

/// Sends what is planned, and follows it until all is settled or the time is up. Fails when the first request of the feed
/// fails, which is before the first message.
async fn execute(
    run: &Arc<Run>,
    plan: &Plan,
    guests: Vec<Guest>,
    sampler: Sampler,
) -> Result<Outcome, http::Error> {
    let feed = run.homepage.feed(None, 1).await?;
    run.measurements.totals(&feed);
    let (mut readers, decoder) = (JoinSet::new(), Arc::<Decoder>::default());
    match plan.guests {
        0 => readers.spawn(feed::follow(run.clone(), feed.cursor)),
        _ => readers.spawn(feed::watch(run.clone(), feed.cursor, decoder.clone())),
    };
    let devices = u32::try_from(guests.iter().filter(|guest| guest.has_device()).count());
    readers.spawn(feed::view(run.clone(), viewers(run, plan, &guests), decoder));
    let sampling = tokio::spawn(sampler.sample(run.clone()));

    let bursts = send(run, plan, guests).await;
    run.sent.cancel();
    let settlement = settlement::settle(run, bursts, plan.settle_s).await;
    let took = run.began.elapsed();
    run.over.cancel();
    readers.join_all().await;
    let (seconds, filtered_and_dead) = sampling.await.expect("sampling does not panic");
    let devices = devices.unwrap_or(u32::MAX);
    Ok(Outcome { settlement, seconds, filtered_and_dead, took, devices })
}

/// Where each viewer follows the feed. The phones of guests are viewers, with the cookies of their devices.
fn viewers(run: &Run, plan: &Plan, guests: &[Guest]) -> Vec<Homepage> {
    let phones = guests.iter().map(Guest::homepage);
    phones.chain(std::iter::repeat(&run.homepage)).take(plan.viewers as usize).cloned().collect()
}

async fn send(run: &Arc<Run>, plan: &Plan, guests: Vec<Guest>) -> Vec<Burst> {
    let has = |mode| plan.modes.contains(&mode);
    let messages = has(Mode::Messages).then(|| messages::send(run, plan.in_flight));
    let bursts = has(Mode::Bursts).then(|| bursts::send(run));
    let audience = has(Mode::Audience).then(|| audience::send(run, guests));
    // A stage without messages lasts as long as any other: its viewers poll.
    let time = tokio::time::sleep_until(run.began + run.schedule.lasts());
    let (_, bursts, _, _) = tokio::join!(
        OptionFuture::from(messages),
        OptionFuture::from(bursts),
        OptionFuture::from(audience),
        run.stop.run_until_cancelled(time),
    );
    bursts.unwrap_or_default()
}

/// The stack of the file on the command line, or else that of `cargo demo` beside our own program.
fn stack(options: &RunOptions, url: &Url) -> Stack {
    let demo = || {
        let own = std::env::current_exe().ok()?;
        let file = own.parent()?.parent()?.join("barrage-data/stack.json");
        Stack::of_page(&file, url)
    };
    Stack::new(options.stack.clone().or_else(demo))
}

/// Where metrics are served: as the command line says, or by the services of the stack, or by the homepage, if it
/// shows its metrics to us.
async fn metrics_urls(
    options: &RunOptions,
    url: &Url,
    scraper: &Scraper,
    of_stack: Vec<Url>,
) -> Vec<Url> {
    if !options.metrics.is_empty() {
        return options.metrics.clone();
    }
    if !of_stack.is_empty() {
        return of_stack;
    }
    let page = url.join("metrics").expect("any http URL can have this path");
    let is_served = scraper.scrape(&page).await.is_ok();
    is_served.then_some(page).into_iter().collect()
}

/// The first signal ends the run, and the report has what is known. The second one ends the program at once.
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

fn print(report: &Report) {
    // A reader such as `head` may have closed the pipe; the files are written all the same.
    _ = writeln!(std::io::stdout(), "{}", Summary(report));
}

/// Opens the file for writing and leaves it as it is: it may hold an earlier report.
fn check_writable(path: &Path) -> anyhow::Result<()> {
    let opened = File::options().create(true).truncate(false).write(true).open(path);
    opened.map(drop).with_context(|| format!("{} cannot be written", path.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}
