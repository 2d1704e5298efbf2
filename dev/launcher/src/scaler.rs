//! Runs as many processors as are wanted: one loop that gets messages and owns all of the state.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use client::{eventually::ticks, homepage::Homepage};
use stack::plan::name::HOMEPAGE;
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    autoscaler::{Current, DECIDE, Decision, Memory, Settings, Window, decide, zero_in},
    events::{Events, Kind},
    member::{Member, State},
    processors::Processors,
    range::Range,
    requests::{Answer, MOST_WORK_MS, MemberView, Mode, Refusal, Request, View},
    sampler::Sample,
    supervisor::{Change, Command, InvalidConfiguration, Notice},
};

const TICK: Duration = Duration::from_millis(100);

/// How long a processor may need to take the cost of a message. The homepage waits a second for the answer.
const TELL: Duration = Duration::from_millis(700);

/// The homepage passes the request on that breaks it, so it needs a moment to answer the person.
const ANSWER_FIRST: Duration = Duration::from_millis(150);

/// How many processors there may be, and what they are told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) range: Range,
    /// As many all the time, unless a person chooses another number. None: the autoscaler decides.
    pub(crate) fixed: Option<u16>,
    /// The stable window of the autoscaler.
    pub(crate) window: Duration,
    /// `CONTAINER_CONCURRENCY` of the processors.
    pub(crate) concurrency: u32,
    /// Whether they must be told that, because it is not in their environment.
    pub(crate) tells_concurrency: bool,
    /// `WORK_MS` of the processors.
    pub(crate) work_ms: u32,
}

impl Scale {
    /// How many processors there are at first.
    pub(crate) fn begin(&self) -> u16 {
        self.fixed.unwrap_or(self.range.min())
    }

    pub(crate) fn allows_tour(&self) -> bool {
        self.fixed.is_none() && self.range.allows_tour()
    }
}

/// From whom the scaler hears.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) notices: mpsc::Receiver<Notice>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) samples: watch::Receiver<Option<Arc<Sample>>>,
}

/// Whom the scaler tells how many processors are ready, and who tells it when to end.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) ready: watch::Sender<u16>,
    /// From then on nothing is started any more.
    pub(crate) hold: CancellationToken,
    /// Stops all processors.
    pub(crate) stop: CancellationToken,
}

#[derive(Debug)]
pub(crate) struct Scaler {
    scale: Scale,
    settings: Settings,
    started: Instant,
    window: Window,
    memory: Memory,
    decided: Option<(Instant, Decision)>,
    by_hand: bool,
    wanted: u16,
    work_ms: u32,
    sample: Option<Arc<Sample>>,
    processors: Processors,
    parts: Vec<Member>,
    events: Events,
    /// When the first processor was wanted, while it starts.
    waking_since: Option<Instant>,
    cold_start_ms: Option<u64>,
    /// What is told to processes. Each of them ends within seconds.
    telling: JoinSet<()>,
    telling_order: Arc<Mutex<()>>,
    outside: Outside,
}

impl Scaler {
    pub(crate) fn new(scale: Scale, processors: Processors, outside: Outside) -> Self {
        let settings = Settings::new(scale.range, scale.concurrency, scale.window);
        Self {
            scale,
            settings,
            started: Instant::now(),
            window: Window::new(scale.window),
            memory: Memory::default(),
            decided: None,
            by_hand: false,
            wanted: scale.begin(),
            work_ms: scale.work_ms,
            sample: None,
            processors,
            parts: Vec::new(),
            events: Events::default(),
            waking_since: None,
            cold_start_ms: None,
            telling: JoinSet::new(),
            telling_order: Arc::default(),
            outside,
        }
    }

    /// Works until it is told to stop, or a processor does not accept its configuration. Then stops all processors.
    pub(crate) async fn run(mut self, inbox: Inbox) -> Result<(), InvalidConfiguration> {
        let outcome = self.work(inbox).await;
        self.processors.end().await;
        outcome
    }

    async fn work(&mut self, mut inbox: Inbox) -> Result<(), InvalidConfiguration> {
        let stop = self.outside.stop.clone();
        let mut due = ticks(TICK);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(notice) = inbox.notices.recv() => self.hear(notice)?,
                Some(request) = inbox.requests.recv() => self.answer(request),
                Ok(()) = inbox.samples.changed() => {
                    let sample = inbox.samples.borrow_and_update().clone();
                    self.measure(sample);
                }
                _ = due.tick() => self.tick(),
            }
        }
    }

    /// Does what is due.
    fn tick(&mut self) {
        while self.telling.try_join_next().is_some() {}
        self.processors.tidy(self.sample.as_deref());
        let is_due = self.decided.as_ref().is_none_or(|(at, _)| at.elapsed() >= DECIDE);
        if is_due && self.mode() == Mode::Automatic {
            self.decide();
        }
        self.apply_number();
    }

    fn measure(&mut self, sample: Option<Arc<Sample>>) {
        self.sample = sample;
        let Some(sample) = &self.sample else { return };
        let calls = sample.demand();
        self.window.record(self.started.elapsed(), calls);
        // From zero at once, as the activator of Knative has it.
        if self.wanted == 0 && calls > 0.0 && self.mode() == Mode::Automatic {
            self.decide();
        }
    }

    fn decide(&mut self) {
        let now = self.started.elapsed();
        let Some(means) = self.window.means(now) else { return };
        let (decision, memory) = decide(&self.settings, means, self.current(), now, self.memory);
        self.memory = memory;
        self.decided = Some((Instant::now(), decision));
        let (from, to) = (self.wanted, decision.wanted);
        if from == to {
            return;
        }
        let (calls, target) = (rounded(decision.calls), self.settings.target);
        let why = match (from, to) {
            (_, 0) => {
                self.events.add(Kind::ToZero);
                "nothing has come for a while".into()
            }
            // The event of the cold start says it.
            (0, 1) => "a message waits".into(),
            _ => {
                self.events.add(Kind::Scaled { from, to, calls, target });
                format!("{calls} calls under way, target {target} each")
            }
        };
        eprintln!("{from} → {to} processors: {why}");
        self.want(to);
    }

    fn want(&mut self, number: u16) {
        let wakes = number > 0 && self.processors.staying() == 0;
        self.waking_since = match self.waking_since {
            _ if number == 0 => None,
            None if wakes => Some(Instant::now()),
            since => since,
        };
        self.wanted = number;
        self.apply_number();
    }

    fn apply_number(&mut self) {
        if self.outside.hold.is_cancelled() {
            return;
        }
        let mut variables = vec![("DEMO_CONTROLS", "true".to_owned())];
        if self.scale.tells_concurrency {
            variables.push(("CONTAINER_CONCURRENCY", self.scale.concurrency.to_string()));
        }
        // Otherwise it gets the value of the environment, and says so if that is invalid.
        if self.work_ms != self.scale.work_ms {
            variables.push(("WORK_MS", self.work_ms.to_string()));
        }
        self.processors.set_number(self.wanted, &variables);
    }

    /// Takes in what a supervisor has told.
    fn hear(&mut self, notice: Notice) -> Result<(), InvalidConfiguration> {
        let Notice { name, change } = notice;
        if let Some(processor) = self.processors.find(&name) {
            let address = processor.address;
            let event = self.processors.apply(&name, &change);
            event.into_iter().for_each(|event| self.events.add(event));
            match change {
                Change::Rejected => return Err(InvalidConfiguration(name)),
                Change::Ready => self.is_ready(&name, address),
                Change::Thawed => self.tell_cost(vec![address], None),
                Change::Added(_) | Change::Died | Change::Frozen | Change::Gone => {}
            }
            self.outside.ready.send_replace(self.processors.ready());
            return Ok(());
        }
        match (self.parts.iter_mut().find(|part| part.name == name), change) {
            (None, Change::Added(handle)) => self.parts.push(Member::new(&name, handle)),
            (Some(part), change) => {
                let event = part.apply(&change);
                event.into_iter().for_each(|event| self.events.add(event));
            }
            (None, _) => {}
        }
        Ok(())
    }

    fn is_ready(&mut self, name: &str, address: SocketAddr) {
        if let Some(since) = self.waking_since.take() {
            let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.cold_start_ms = Some(ms);
            self.events.add(Kind::ColdStart { ms, processor: name.into() });
            eprintln!("{name} is ready {ms} ms after the first one was wanted");
        }
        // It was started with the cost that held when it was started for the first time.
        self.tell_cost(vec![address], None);
    }

    fn answer(&mut self, request: Request) {
        // Whoever has asked may have gone: then nobody reads the answer.
        match request {
            Request::View(answer) => _ = answer.send(self.view()),
            Request::Number(number, answer) => _ = answer.send(self.choose(number)),
            Request::Cost(ms, answer) => {
                self.change_cost(ms, answer);
            }
            Request::Break(name, command, answer) => {
                _ = answer.send(self.break_part(&name, command));
            }
        }
    }

    fn choose(&mut self, number: Option<u16>) -> Answer {
        let range = self.scale.range;
        if number.is_some_and(|it| !(range.min()..=range.max()).contains(&it)) {
            return Err(Refusal::OutOfRange);
        }
        self.by_hand = number.is_some();
        self.memory = Memory::default();
        self.decided = None;
        match number {
            Some(to) => self.events.add(Kind::ByHand { to }),
            None if self.scale.fixed.is_none() => self.events.add(Kind::Automatic),
            None => {}
        }
        if let Some(number) = number.or(self.scale.fixed) {
            self.want(number);
        }
        Ok(())
    }

    fn change_cost(&mut self, ms: u32, answer: oneshot::Sender<Answer>) {
        let from_ms = std::mem::replace(&mut self.work_ms, ms);
        if from_ms != ms {
            self.events.add(Kind::Cost { from_ms, to_ms: ms });
        }
        let ready = self.processors.all().filter(|it| it.member.state == State::Ready);
        let addresses = ready.map(|it| it.address).collect();
        self.tell_cost(addresses, Some(answer));
    }

    /// Tells processors what a message costs, one change after the other, and answers when all have been told.
    fn tell_cost(&mut self, addresses: Vec<SocketAddr>, answer: Option<oneshot::Sender<Answer>>) {
        let (ms, order) = (self.work_ms, Arc::clone(&self.telling_order));
        self.telling.spawn(async move {
            // Whoever waits for it gets it in the order in which they came.
            let _turn = order.lock().await;
            let mut each: JoinSet<_> = addresses.into_iter().map(|it| put_cost(it, ms)).collect();
            while each.join_next().await.is_some() {}
            if let Some(answer) = answer {
                _ = answer.send(Ok(()));
            }
        });
    }

    fn break_part(&mut self, name: &str, command: Command) -> Answer {
        let processor = self.processors.find(name).map(|it| &it.member);
        let part = self.parts.iter().find(|part| part.name == name);
        let member = processor.or(part).ok_or(Refusal::UnknownPart)?;
        let is_frozen = member.state == State::Frozen && command == Command::Freeze;
        if !member.state.runs() || is_frozen {
            return Err(Refusal::NotRunning);
        }
        let handle = member.handle().clone();
        if name != HOMEPAGE {
            return if handle.send(command) { Ok(()) } else { Err(Refusal::NotRunning) };
        }
        let hold = self.outside.hold.clone();
        self.telling.spawn(async move {
            if timeout(ANSWER_FIRST, hold.cancelled()).await.is_err() {
                handle.send(command);
            }
        });
        Ok(())
    }

    fn mode(&self) -> Mode {
        match self.scale.fixed {
            _ if self.by_hand => Mode::ByHand,
            Some(_) => Mode::Fixed,
            None => Mode::Automatic,
        }
    }

    fn current(&self) -> Current {
        Current { ready: self.processors.ready(), wanted: self.wanted }
    }

    /// `None` where it is not the autoscaler that decides.
    fn zero_in_ms(&self) -> Option<u64> {
        let now = self.started.elapsed();
        if self.mode() != Mode::Automatic {
            return None;
        }
        let left = zero_in(&self.settings, &self.window, self.current(), now, self.memory)?;
        u64::try_from(left.as_millis()).ok()
    }

    fn view(&self) -> View {
        let mode = self.mode();
        let decision = self.decided.as_ref().map(|(_, decision)| *decision);
        let decision = decision.filter(|_| mode == Mode::Automatic);
        View {
            mode,
            min: self.scale.range.min(),
            max: self.scale.range.max(),
            wanted: self.wanted,
            calls: decision.map(|it| rounded(it.calls)),
            target: self.settings.target,
            concurrency: self.scale.concurrency,
            panic: decision.is_some_and(|it| it.panic),
            window_s: self.scale.window.as_secs(),
            calls_now: self.sample.as_ref().map(|it| it.calls as u64),
            work_ms: self.work_ms,
            cold_start_ms: self.cold_start_ms,
            zero_in_ms: self.zero_in_ms(),
            processors: self.processors.views(self.sample.as_deref()),
            parts: self.parts.iter().map(MemberView::of_part).collect(),
            events: self.events.list(),
        }
    }
}

async fn put_cost(processor: SocketAddr, ms: u32) {
    if ms > MOST_WORK_MS {
        return; // It was started with this cost, which nobody can choose.
    }
    let told = async { Homepage::new(processor).ok()?.put("/work-ms", &ms).await.ok() };
    let answer = timeout(TELL, told).await.ok().flatten();
    if !answer.is_some_and(|answer| answer.status.is_success()) {
        eprintln!("the message-processor at {processor} was not told what a message costs");
    }
}

/// To a tenth, for people.
fn rounded(calls: f64) -> f64 {
    (calls * 10.0).round() / 10.0
}
