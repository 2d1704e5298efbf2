//! The pipeline as a page draws it: how much comes, waits and is finished, what each processor does, what is down, and
//! how it came to this. It is looked at four times a second, and made into bytes once for all viewers. It is compressed
//! only if one asks for that.
//!
//! What is known: the totals of the reader, the rows that it has read, and the parts that answer. Where processors are
//! started by the launcher of `cargo demo`, it also says their states and how many are wanted. On a cluster nobody does,
//! so these numbers are null there.

mod encoded;
mod history;
mod lanes;
mod lives;
mod moments;
mod parts;
mod rates;
mod snapshot;

use std::sync::Arc;
use std::time::Duration;

use barrage::health::Readiness;
use barrage::retry::pause;
use barrage::time::Millis;
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use self::encoded::Encoded;
use self::history::{History, Known};
use self::lanes::lanes;
use self::lives::Lives;
use self::moments::Moments;
use self::parts::{down, part_moments};
use self::rates::{Rates, Sample, rounded};
use self::snapshot::{EventJson, LaneJson, LaneState, ScalingJson, Snapshot, Told, WithLives};
use crate::events::Events;
use crate::launcher::Launcher;
use crate::launcher::scaling::Scaling;
use crate::problems;
use crate::reader::feed::Feed;
use crate::reader::processor_load::ProcessorLoads;
use crate::reader::progress::{Progress, Totals};
use crate::routers::Routers;

/// The newest look at the pipeline, ready to be sent.
#[derive(Debug)]
pub(crate) struct Pipeline(RwLock<Arc<Encoded>>);

/// Where the numbers come from.
pub(crate) struct Sources {
    pub(crate) feed: Arc<Feed>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) work: Arc<ProcessorLoads>,
    pub(crate) readiness: Readiness,
    pub(crate) routers: Arc<Routers>,
    pub(crate) events: Arc<Events>,
    /// Only in a demo.
    pub(crate) launcher: Option<Arc<Launcher>>,
}

/// What is remembered from look to look.
#[derive(Debug, Default)]
struct Sampler {
    rates: Rates,
    history: History,
    lives: Lives,
    moments: Moments,
}

impl Default for Pipeline {
    /// Nothing is known yet.
    fn default() -> Self {
        let (scaling, history) = (ScalingJson::default(), History::default().json());
        let history = WithLives { history, lives: Vec::new() };
        let unknown = Snapshot {
            now: Millis::now().rfc3339(),
            r#in: None,
            out: None,
            waiting: None,
            calls: None,
            ready: None,
            scaling,
            processors: Vec::new(),
            down: Vec::new(),
            events: Vec::new(),
            history,
        };
        Self(RwLock::new(Arc::new(Encoded::of(&unknown))))
    }
}

impl Pipeline {
    /// How often the pipeline is looked at.
    const INTERVAL: Duration = Duration::from_millis(250);
    /// How many milliseconds an event is shown: as long as the time line.
    const SHOWN: i64 = History::SECONDS as i64 * 1000;

    /// The newest answer, and whether it is compressed by gzip, which the client must accept.
    pub(crate) fn answer(&self, accepts_gzip: bool) -> (bytes::Bytes, bool) {
        let newest = self.0.read().clone();
        newest.answer(accepts_gzip)
    }

    /// Looks at the pipeline again and again, until `stop`.
    pub(crate) async fn watch(self: Arc<Self>, sources: Sources, stop: CancellationToken) {
        let watch = async {
            let mut sampler = Sampler::default();
            loop {
                let encoded = sampler.look(&sources, Millis::now());
                *self.0.write() = Arc::new(encoded);
                pause(Self::INTERVAL).await;
            }
        };
        let _stopped = stop.run_until_cancelled(watch).await;
    }
}

impl Sampler {
    fn look(&mut self, sources: &Sources, now: Millis) -> Encoded {
        let scaling = sources.launcher.as_ref().and_then(|launcher| launcher.scaling());
        let scaling = scaling.as_deref();
        sources.routers.expect_none(scaling);
        let totals = sources.progress.totals();
        let loads = sources.work.loads(now, scaling.and_then(Scaling::cost));
        let (lanes, seen) = lanes(scaling, &loads, &sources.feed, now);
        self.lives.note(now, &seen);
        self.note_totals(&totals, now);
        if scaling.is_none() {
            self.moments.note_processors(now, lanes.len() as u64);
        }
        let is_known = totals.since.is_some();
        let is_ready = |it: &&LaneJson| matches!(it.state, LaneState::Ready | LaneState::Back);
        let ready = lanes.iter().filter(is_ready).count() as u64;
        let ready = (is_known || scaling.is_some()).then_some(ready);
        let waiting = is_known.then_some(totals.counts.waiting);
        let wanted = scaling.map(|scaling| scaling.wanted);
        let known = Known { totals: self.rates.last().zip(waiting), ready, wanted };
        self.history.note(now, known);
        Encoded::of(&self.snapshot(sources, (totals, scaling), (lanes, ready), now))
    }

    fn snapshot<'a>(
        &'a self,
        sources: &Sources,
        (totals, scaling): (Totals, Option<&'a Scaling>),
        (processors, ready): (Vec<LaneJson>, Option<u64>),
        now: Millis,
    ) -> Snapshot<'a> {
        let is_known = totals.since.is_some();
        let rate = self.rates.mean(2_000, 0);
        let problems = problems::Known::of(&sources.readiness, &sources.routers, totals);
        let calls = is_known.then(|| sum_of_calls(&processors));
        Snapshot {
            now: now.rfc3339(),
            r#in: rate.map(|rate| rounded(rate.accepted)),
            out: rate.map(|rate| rounded(rate.finished)),
            waiting: is_known.then_some(totals.counts.waiting),
            calls: scaling.and_then(|scaling| scaling.calls_now).or(calls),
            ready,
            scaling: scaling.map(ScalingJson::of).unwrap_or_default(),
            processors,
            down: down(problems, scaling, now),
            events: self.events(scaling, &sources.events, now),
            history: WithLives { history: self.history.json(), lives: self.lives.json(now) },
        }
    }

    fn note_totals(&mut self, totals: &Totals, now: Millis) {
        match totals.since {
            Some(_) => self.rates.note(Sample::new(now, &totals.counts)),
            None => self.rates.clear(),
        }
        self.moments.note_totals(&self.rates, totals.counts.waiting);
    }

    /// Everything that happened lately, oldest first.
    fn events(&self, scaling: Option<&Scaling>, events: &Events, now: Millis) -> Vec<EventJson> {
        let own = self.moments.all().chain(part_moments(events));
        let own = own.map(|(at, moment)| (at, Told::Own(moment)));
        let launcher = scaling.iter().flat_map(|scaling| &scaling.events);
        let launcher = launcher.map(|event| (event.at.0, Told::Launcher(event.what.clone())));
        let shown = |(at, what)| EventJson::of(at, what, now, Pipeline::SHOWN);
        let mut all: Vec<_> = own.chain(launcher).filter_map(shown).collect();
        all.sort_by_key(|event| event.at.0);
        all
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few, and none below 0"
)]
fn sum_of_calls(lanes: &[LaneJson]) -> u64 {
    lanes.iter().map(|lane| lane.calls).sum::<f64>().round() as u64
}
