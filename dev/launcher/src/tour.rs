//! The tour: what a speaker would show, step by step and again and again, until somebody stops it.
//!
//! It uses what people use: the launcher's requests for the cost of a message and for kills, and the homepage's API for
//! messages. Each step ends when it has been seen ([`step`]), so a fast machine does not wait and a slow one is not
//! hurried. Whoever stops it gets back automatic scaling and the cost of before.

mod load;
mod step;
mod visitor;

use std::time::Duration;

use client::{eventually::ticks, homepage::Homepage};
use serde::Serialize;
use stack::plan::name::BROKER;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    load::{Load, first_message},
    step::{KILL_AFTER, Progress, Seen, Step, Times, progress},
    visitor::Outlook,
};
use crate::{
    events::Kind,
    requests::{MOST_WORK_MS, Mode, Request, View},
    scaler::Scale,
    supervisor::Command,
};

/// How often it looks whether a step is over.
const LOOK: Duration = Duration::from_millis(200);

/// How many orders may wait.
const ORDERS: usize = 16;

/// Where the tour is.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Place {
    step: Step,
    /// From 1.
    number: usize,
    of: usize,
}

impl Place {
    fn at(step: Step) -> Self {
        Self { step, number: step.number(), of: Step::ALL.len() }
    }
}

/// Starts and stops the tour.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    orders: mpsc::Sender<Order>,
    step: watch::Receiver<Option<Step>>,
    is_possible: bool,
}

/// Why no tour plays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayError {
    /// The number of processors is fixed, never zero, or never two: there is nothing to show.
    #[error("a tour needs a range from 0 to at least 2, such as --scale 0..4")]
    NotPossible,
    #[error("the demo stops")]
    Stopping,
}

/// Each is answered when it is done.
#[derive(Debug)]
enum Order {
    /// The answer is whether it has begun.
    Play(oneshot::Sender<bool>),
    Stop(oneshot::Sender<()>),
}

impl Handle {
    /// Begins with the first step, also where a tour plays already.
    ///
    /// # Errors
    /// Where the range does not allow a tour, and while the demo stops.
    pub(crate) async fn play(&self) -> Result<(), PlayError> {
        if !self.is_possible {
            return Err(PlayError::NotPossible);
        }
        let has_begun = self.order(Order::Play).await.unwrap_or(false);
        if has_begun { Ok(()) } else { Err(PlayError::Stopping) }
    }

    /// Gives back automatic scaling and the cost that was before, if a tour plays. Then no step follows, and its bursts
    /// are being stopped.
    pub(crate) async fn stop(&self) {
        // No tour plays any more when the demo stops.
        _ = self.order(Order::Stop).await;
    }

    /// `None` while none plays.
    pub(crate) fn place(&self) -> Option<Place> {
        self.step.borrow().map(Place::at)
    }

    /// `None`: nobody takes orders any more.
    async fn order<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (done, answer) = oneshot::channel();
        self.orders.send(order(done)).await.ok()?;
        answer.await.ok()
    }
}

/// One loop that gets orders, and owns all that belongs to a tour.
pub(crate) struct Tour {
    scaler: mpsc::Sender<Request>,
    homepage: Homepage,
    times: Times,
    orders: mpsc::Receiver<Order>,
    tell_step: watch::Sender<Option<Step>>,
    playing: Option<Playing>,
    /// What it does on the homepage. Each errand ends soon after its step or its tour.
    errands: JoinSet<()>,
}

/// A tour that plays.
struct Playing {
    step: Step,
    began: Instant,
    /// From 1.
    round: u32,
    /// The last event before the step.
    last_event: u64,
    load: Load,
    /// What can be told to processors that run: at most [`MOST_WORK_MS`].
    cost_before: u32,
    /// What was killed in this step.
    killed: Option<String>,
    /// So many processors are ready and wanted, since when.
    steady: Option<(u16, Instant)>,
    is_sent: watch::Receiver<bool>,
    has_ended: watch::Receiver<bool>,
    outlook: watch::Receiver<Option<Outlook>>,
    /// When it is dropped, what this round sends has to end.
    end: DropGuard,
}

impl Tour {
    pub(crate) fn new(
        scaler: mpsc::Sender<Request>,
        homepage: Homepage,
        scale: &Scale,
    ) -> (Self, Handle) {
        let (sender, orders) = mpsc::channel(ORDERS);
        let (tell_step, step) = watch::channel(None);
        let times = Times::new(scale.window);
        let errands = JoinSet::new();
        let tour = Self { scaler, homepage, times, orders, tell_step, playing: None, errands };
        (tour, Handle { orders: sender, step, is_possible: scale.allows_tour() })
    }

    /// Obeys orders, and leads through the tour, until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut due = ticks(LOOK);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(order) = self.orders.recv() => self.obey(order).await,
                _ = due.tick(), if self.playing.is_some() => self.look().await,
            }
            while self.errands.try_join_next().is_some() {}
        }
    }

    async fn obey(&mut self, order: Order) {
        self.stop().await;
        // Whoever has asked may have gone.
        match order {
            Order::Stop(done) => _ = done.send(()),
            Order::Play(done) => {
                let has_begun = self.begin().await.is_some();
                _ = done.send(has_begun);
            }
        }
    }

    /// `None`: the demo stops.
    async fn begin(&mut self) -> Option<()> {
        let view = self.ask(Request::View).await?;
        let (tell, outlook) = watch::channel(None);
        self.errands.spawn(visitor::look(self.homepage.clone(), tell));
        let playing = Playing::new(&view, &self.times, outlook);
        self.enter(Step::Zero, playing, &view).await;
        Some(())
    }

    async fn stop(&mut self) {
        let Some(playing) = self.playing.take() else { return };
        self.tell_step.send_replace(None);
        eprintln!("the tour has stopped at step {}", playing.step.number());
        // Scaling is automatic all the time. Nobody waits until all processors know the cost: one of them may be dead.
        self.request(|answer| Request::Cost(playing.cost_before, answer)).await;
    }

    /// Goes on to the next step if this one is over.
    async fn look(&mut self) {
        let Some(view) = self.ask(Request::View).await else { return };
        let Some(mut playing) = self.playing.take() else { return };
        if playing.kills_now() {
            playing.killed = self.kill(playing.step, &view).await;
        }
        let (step, seen) = (playing.step, playing.see(&view));
        let elapsed = playing.began.elapsed();
        match progress(&self.times, (step, playing.round), &seen, elapsed) {
            Progress::GoesOn => self.playing = Some(playing),
            Progress::IsOver => self.enter(step.next(), playing, &view).await,
            Progress::IsLate => {
                let waited = elapsed.as_secs();
                eprintln!("the tour goes on, although that was not seen in {waited} s");
                self.enter(step.next(), playing, &view).await;
            }
        }
    }

    /// Begins a step.
    async fn enter(&mut self, step: Step, mut playing: Playing, view: &View) {
        playing.begin(step, view);
        self.tell_step.send_replace(Some(step));
        eprintln!("tour, step {} of {}: {}", step.number(), Step::ALL.len(), step.shows());
        match step {
            Step::Zero => {
                if view.mode != Mode::Automatic {
                    self.request(|answer| Request::Number(None, answer)).await;
                }
                self.request(|answer| Request::Cost(playing.load.cost_ms, answer)).await;
            }
            Step::FirstMessage => {
                let (tell, text) = (expected(&mut playing.is_sent), first_message(playing.round));
                let (homepage, end) = (self.homepage.clone(), playing.end());
                self.errands.spawn(visitor::send_message(homepage, text, tell, end));
            }
            Step::Burst => {
                let (tell, bursts) = (expected(&mut playing.has_ended), playing.load.bursts());
                let (homepage, end) = (self.homepage.clone(), playing.end());
                self.errands.spawn(visitor::send_bursts(homepage, bursts, tell, end));
            }
            // While a burst runs, no processor would ever go.
            Step::ToZero => playing.end_sending(),
            Step::ScaleOut | Step::ProcessorKilled | Step::KafkaKilled | Step::Recovery => {}
        }
        self.playing = Some(playing);
    }

    /// Kills what this step shows. `None` if there is nothing to kill yet.
    async fn kill(&self, step: Step, view: &View) -> Option<String> {
        let name = if step == Step::KafkaKilled { BROKER } else { view.newest_ready()? };
        let kill = |answer| Request::Break(name.into(), Command::Kill, answer);
        self.ask(kill).await?.ok().map(|()| name.into())
    }

    /// Waits for the answer. `None`: the demo stops.
    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        self.request(request).await.await.ok()
    }

    /// Requests something. Nobody need wait for the answer.
    async fn request<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> oneshot::Receiver<T> {
        let (sender, answer) = oneshot::channel();
        // Without a scaler nobody answers either.
        _ = self.scaler.send(request(sender)).await;
        answer
    }
}

impl Playing {
    /// Before its first step.
    fn new(view: &View, times: &Times, outlook: watch::Receiver<Option<Outlook>>) -> Self {
        let no = || watch::channel(false).1;
        Self {
            step: Step::Zero,
            began: Instant::now(),
            round: 0,
            last_event: 0,
            load: Load::new(view.target, view.max, times.burst_seconds()),
            cost_before: view.work_ms.min(MOST_WORK_MS),
            killed: None,
            steady: None,
            is_sent: no(),
            has_ended: no(),
            outlook,
            end: CancellationToken::new().drop_guard(),
        }
    }

    fn begin(&mut self, step: Step, view: &View) {
        if step == Step::Zero {
            self.round += 1;
        }
        self.step = step;
        self.began = Instant::now();
        self.last_event = view.events.last().map_or(0, |event| event.id);
        self.killed = None;
        self.steady = None;
    }

    fn end(&self) -> CancellationToken {
        self.end.token().clone()
    }

    fn end_sending(&mut self) {
        self.end = CancellationToken::new().drop_guard();
    }

    /// Whether there is something to kill, and it has been said for long enough.
    fn kills_now(&self) -> bool {
        let kills = matches!(self.step, Step::ProcessorKilled | Step::KafkaKilled);
        kills && self.killed.is_none() && self.began.elapsed() >= KILL_AFTER
    }

    fn see(&mut self, view: &View) -> Seen {
        let (wanted, ready) = (view.wanted, view.ready());
        let before = self.steady.filter(|(number, _)| *number == ready);
        self.steady =
            (ready == wanted && ready > 1).then(|| before.unwrap_or((ready, Instant::now())));
        let outlook = *self.outlook.borrow();
        Seen {
            wanted,
            ready,
            present: view.present(),
            steady: self.steady.map(|(_, since)| since.elapsed()).unwrap_or_default(),
            is_sent: *self.is_sent.borrow(),
            is_back: self.is_back(view),
            is_whole: outlook.is_some_and(|it| it.is_whole),
            has_ended: *self.has_ended.borrow(),
            waiting: outlook.and_then(|it| it.waiting),
        }
    }

    fn is_back(&self, view: &View) -> bool {
        let Some(killed) = &self.killed else { return false };
        let is_its_return = |kind: &Kind| matches!(kind, Kind::Back { part, .. } if part == killed);
        view.events.iter().any(|event| event.id > self.last_event && is_its_return(&event.kind))
    }
}

/// Forgets what was told before. Returns where the next errand tells it.
fn expected(told: &mut watch::Receiver<bool>) -> watch::Sender<bool> {
    let (tell, next) = watch::channel(false);
    *told = next;
    tell
}
