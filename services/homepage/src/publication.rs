//! The feed as it is published: one answer for all who look on.
//!
//! A viewer waits for news. News is published in ticks, and all who wait at a tick have the same cursor, so they get the
//! same bytes: serialised once, and compressed once for each encoding. Who comes later, or asks for something else,
//! costs one more body, which others may use, too.
//!
//! An example: 1,000 viewers have got the bullets up to number 70, and wait. The reader reads the bullets 71 to 90. At
//! the next tick one body is made of them and compressed, and 1,000 answers are sent.

mod bodies;
mod body;
mod pace;
mod snapshot;

use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::health::Readiness;
use barrage::retry::pause;
use barrage::time::Millis;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::bodies::{Bodies, Key, Whose};
pub(crate) use self::body::Body;
use self::body::{Parts, PollAfter};
use self::pace::Pace;
use self::snapshot::Snapshot;
use crate::events::Events;
use crate::metrics;
use crate::problems::{Known, problems};
use crate::reader::cursor::Cursor;
use crate::reader::feed::Feed;
use crate::reader::progress::Progress;
use crate::reader::waiting_viewers::WaitingViewers;
use crate::routers::Routers;
use crate::viewers::Viewers;

/// What the feed tells comes from these.
pub(crate) struct Sources {
    pub(crate) feed: Arc<Feed>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) waiting_viewers: Arc<WaitingViewers>,
    pub(crate) readiness: Readiness,
    pub(crate) routers: Arc<Routers>,
    pub(crate) events: Arc<Events>,
}

/// What a viewer asks for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Where the viewer goes on; `None` at first.
    pub(crate) after: Option<Cursor>,
    /// The most bullets that the answer may have.
    pub(crate) limit: usize,
    /// How long the viewer waits for news.
    pub(crate) wait: Duration,
}

/// The feed of one homepage, for all its viewers.
pub(crate) struct Publication {
    sources: Sources,
    /// The newest snapshot. Each that is made takes the place of the one before.
    current: Mutex<Arc<Snapshot>>,
    /// The snapshot of the last tick.
    ticks: watch::Sender<Tick>,
    bodies: Bodies,
    /// Viewers who poll, and do not wait.
    polling: Viewers,
    pace: Pace,
}

/// What all who wait are told at the same time.
#[derive(Clone)]
struct Tick {
    snapshot: Arc<Snapshot>,
    /// The homepage stops, so nobody waits here any more.
    is_last: bool,
}

impl Publication {
    /// How long a snapshot is used for polls if the reader has read nothing new. What else it has may be so old.
    const FRESH: Duration = Duration::from_millis(50);
    /// How often it is looked whether anything has changed that the reader does not know, such as a problem.
    const LOOK: Duration = Duration::from_millis(250);
    /// The shortest wait before the next poll of a viewer that does not wait, in milliseconds: while messages come or
    /// wait, and while not.
    const POLL_BUSY: u32 = 400;
    const POLL_IDLE: u32 = 1000;

    pub(crate) fn new(sources: Sources) -> Self {
        let snapshot = Arc::new(sources.look(None));
        Self {
            sources,
            current: Mutex::new(snapshot.clone()),
            ticks: watch::Sender::new(Tick { snapshot, is_last: false }),
            bodies: Bodies::default(),
            polling: Viewers::default(),
            pace: Pace::of_this_machine(),
        }
    }

    /// The answer to a request, at once or as soon as there is news, at the latest after the request's wait.
    pub(crate) async fn answer(&self, request: &Request) -> Arc<Body> {
        let mut ticks = self.ticks.subscribe();
        if request.wait.is_zero() || ticks.borrow().is_last {
            return self.poll(request);
        }
        let snapshot = ticks.borrow().snapshot.clone();
        let after = request.after.as_ref();
        let seen = match after.filter(|it| snapshot.is_of_run_of(it)) {
            Some(own) if own.news >= snapshot.news => own.news,
            Some(_behind) => return self.answer_late(request, &snapshot),
            None if after.is_none() => return self.answer_late(request, &snapshot),
            None => match self.bullets_for_foreigner(request, &snapshot) {
                Some(body) => return body,
                None => snapshot.news,
            },
        };
        drop(snapshot); // It would be kept in memory by each who waits.
        let is_news = |tick: &Tick| tick.is_last || tick.snapshot.news > seen;
        let waiting = self.sources.waiting_viewers.enter();
        let tick = tokio::time::timeout(request.wait, ticks.wait_for(is_news)).await;
        drop(waiting);
        match tick {
            Ok(Ok(tick)) if !tick.is_last => {
                let snapshot = tick.snapshot.clone();
                drop(tick);
                self.body(request, &snapshot)
            }
            Ok(_) => self.poll(request),
            Err(_elapsed) => self.body(request, &self.fresh()),
        }
    }

    /// The answer to a viewer who has missed the last tick.
    fn answer_late(&self, request: &Request, snapshot: &Arc<Snapshot>) -> Arc<Body> {
        self.pace.note_late();
        self.body(request, snapshot)
    }

    /// The answer to a viewer whose cursor is of another homepage or of a time before. It may have been told other
    /// numbers, which is not known here. So it has news if there is a bullet for it, or nothing is known yet. Whoever
    /// changes homepages with each request must not ask as fast as it is answered.
    fn bullets_for_foreigner(
        &self,
        request: &Request,
        snapshot: &Arc<Snapshot>,
    ) -> Option<Arc<Body>> {
        // All who come from a homepage that stops have the same cursor, and one body.
        let Some(body) = self.of_snapshot(request, snapshot, PollAfter::Polling) else {
            return Some(self.poll(request));
        };
        let has_news = body.has_bullets || snapshot.is_history();
        has_news.then(|| {
            self.polling.note(body.poll_after_ms, Instant::now());
            body
        })
    }

    /// Publishes the ticks until `stop`, or until the homepage ends without it. Then all who wait are answered at once,
    /// and nobody waits any more.
    pub(crate) async fn publish(self: Arc<Self>, stop: CancellationToken, end: CancellationToken) {
        let ticks = async {
            loop {
                let _changed_or_not =
                    tokio::time::timeout(Self::LOOK, self.sources.feed.changed()).await;
                let wait = self.pace.until_next_tick(Instant::now());
                if !wait.is_zero() {
                    pause(wait).await;
                }
                self.tick();
            }
        };
        let _stopped = stop.run_until_cancelled(end.run_until_cancelled(ticks)).await;
        let snapshot = self.fresh();
        self.ticks.send_replace(Tick { snapshot, is_last: true });
    }

    /// Tells all who wait, if there is news.
    fn tick(&self) {
        let (snapshot, waiting) = (self.renew(), self.sources.waiting_viewers.count());
        metrics::set_waiting_viewers(waiting);
        if snapshot.news > self.ticks.borrow().snapshot.news {
            let next = self.pace.note_tick(waiting, Instant::now());
            self.sources.waiting_viewers.set_told_every(next);
            metrics::feed_ticked();
            self.ticks.send_replace(Tick { snapshot, is_last: false });
        }
    }

    /// The answer to a request that does not wait.
    fn poll(&self, request: &Request) -> Arc<Body> {
        let body = self.poll_body(request);
        self.polling.note(body.poll_after_ms, Instant::now());
        body
    }

    /// The answer to a viewer who waits. Whoever gets no cursor to wait with polls.
    fn body(&self, request: &Request, snapshot: &Arc<Snapshot>) -> Arc<Body> {
        let made = || self.of_snapshot(request, snapshot, PollAfter::Waiting);
        let body = if snapshot.is_history() { None } else { made() };
        body.unwrap_or_else(|| self.poll(request))
    }

    fn poll_body(&self, request: &Request) -> Arc<Body> {
        let is_made =
            |snapshot: &Arc<Snapshot>| self.of_snapshot(request, snapshot, PollAfter::Polling);
        let snapshot = self.fresh();
        // The topic may be recreated meanwhile.
        let body = is_made(&snapshot).or_else(|| is_made(&self.renew()));
        body.unwrap_or_else(|| {
            let parts = Parts::history(&snapshot, request.after.as_ref());
            self.bodies.make(&parts, Self::POLL_BUSY)
        })
    }

    /// The body of this snapshot, made or kept. `None` if its bullets are there no more.
    fn of_snapshot(
        &self,
        request: &Request,
        snapshot: &Arc<Snapshot>,
        poll_after: PollAfter,
    ) -> Option<Arc<Body>> {
        let (after, limit) = (request.after.as_ref(), request.limit);
        let whose = Whose::new(after, snapshot);
        let key = Key { news: snapshot.news, whose, limit, poll_after };
        self.bodies.get(key, || {
            let parts = if snapshot.is_history() {
                Parts::history(snapshot, after)
            } else {
                let place = snapshot.place();
                let (bullets, passed) = self.sources.feed.bullets(after, limit, place)?;
                let cursor = snapshot.cursor.clone();
                Parts { snapshot, bullets, passed, cursor, is_for_all: true }
            };
            let ms = self.poll_after_ms(poll_after, &parts);
            Some((parts, ms))
        })
    }

    fn poll_after_ms(&self, poll_after: PollAfter, parts: &Parts<'_>) -> u32 {
        match poll_after {
            PollAfter::Polling => {
                let is_busy = parts.passed > 0 || parts.snapshot.totals.counts.waiting > 0;
                let least = if is_busy { Self::POLL_BUSY } else { Self::POLL_IDLE };
                self.polling.poll_after(least, Instant::now())
            }
            PollAfter::Waiting => self.pace.ask_after_ms(),
        }
    }

    fn current(&self) -> Arc<Snapshot> {
        self.current.lock().clone()
    }

    /// A snapshot with all that was read until now. Anything else in it may be a moment old.
    fn fresh(&self) -> Arc<Snapshot> {
        let current = self.current();
        let is_fresh =
            current.changes == self.sources.feed.changes() && current.made.elapsed() < Self::FRESH;
        if is_fresh { current } else { self.renew() }
    }

    fn renew(&self) -> Arc<Snapshot> {
        // One at a time, so that the news of each is that of the one before or more.
        let mut current = self.current.lock();
        *current = Arc::new(self.sources.look(Some(&current)));
        current.clone()
    }
}

impl Sources {
    fn look(&self, before: Option<&Snapshot>) -> Snapshot {
        let (made, now) = (Instant::now(), Millis::now());
        // Before the look: a change meanwhile makes it look once more.
        let changes = self.feed.changes();
        let (sight, totals) = self.feed.sight_with(|| self.progress.totals());
        let known = Known::of(&self.readiness, &self.routers, totals);
        let (problems, events) = (problems(known, now), self.events.recent(now));
        Snapshot::after(
            before,
            Snapshot {
                news: 0,
                cursor: Arc::default(),
                made,
                changes,
                sight,
                totals,
                problems,
                events,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use barrage::kafka::PartitionOffsets;
    use barrage::position::Offset;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::assets::Encoding;
    use crate::reader::feed::RoundEnd;
    use crate::reader::progress::{Counts, Round};
    use crate::test_row;

    const LONG: Duration = Duration::from_secs(20);

    fn beginning() -> Publication {
        beginning_as(1)
    }

    fn beginning_as(run: u64) -> Publication {
        let sources = Sources {
            feed: Arc::default(),
            progress: Arc::default(),
            waiting_viewers: Arc::default(),
            readiness: Readiness::default(),
            routers: Arc::default(),
            events: Arc::default(),
        };
        sources.feed.begin(run, || sources.progress.begin(run, PartitionOffsets::new()));
        Publication::new(sources)
    }

    /// One that knows what was there before.
    fn begun() -> Publication {
        begun_as(1)
    }

    fn begun_as(run: u64) -> Publication {
        let publication = beginning_as(run);
        round(&publication, 0..0, 0);
        publication.tick();
        publication
    }

    /// A round of the reader that reads the rows with these offsets, while so many messages wait.
    fn round(publication: &Publication, offsets: std::ops::Range<i64>, waiting: u64) {
        static ROUNDS: AtomicI64 = AtomicI64::new(1);
        let began = Millis(ROUNDS.fetch_add(1, Ordering::Relaxed));
        round_of(publication, offsets, waiting, Some(began));
    }

    /// … that began then if it reads all rows.
    fn round_of(
        publication: &Publication,
        offsets: std::ops::Range<i64>,
        waiting: u64,
        all_read_at: Option<Millis>,
    ) {
        let end = offsets.end;
        let rows: Vec<_> = offsets.map(|at| test_row::row(0, at, &at.to_string())).collect();
        let stored = u64::try_from(end).unwrap();
        let counts = Counts { accepted: stored + waiting, stored, waiting, ..Counts::default() };
        let finished = PartitionOffsets::from([(0, Offset::new(end).unwrap())]);
        let end = RoundEnd { finished, all_read_at, ..RoundEnd::default() };
        let Sources { feed, progress, .. } = &publication.sources;
        feed.add(&rows, end, || progress.update(Round { counts, ..Round::default() }));
    }

    fn json(body: &Body) -> serde_json::Value {
        serde_json::from_slice(&body.plain()).unwrap()
    }

    fn asking(after: Option<&Body>, wait: Duration) -> Request {
        let cursor = |body: &Body| json(body)["cursor"].as_str().unwrap().parse().ok();
        Request { after: after.and_then(cursor), limit: 500, wait }
    }

    async fn answer(publication: &Publication, after: Option<&Body>, wait: Duration) -> Arc<Body> {
        publication.answer(&asking(after, wait)).await
    }

    /// `None` if it still waits.
    async fn at_once(publication: &Publication, after: &Body) -> Option<Arc<Body>> {
        let asked = answer(publication, Some(after), LONG);
        tokio::select! { biased; body = asked => Some(body), () = std::future::ready(()) => None }
    }

    #[tokio::test]
    async fn all_who_wait_at_a_tick_get_the_same_body() {
        let publication = begun();
        let first = answer(&publication, None, Duration::ZERO).await;
        let waiters: Vec<_> = (0..10).map(|_| answer(&publication, Some(&first), LONG)).collect();
        let tick = async {
            while publication.sources.waiting_viewers.count() < 10 {
                tokio::task::yield_now().await;
            }
            round(&publication, 0..3, 0);
            publication.tick();
        };
        let (bodies, ()) = tokio::join!(futures::future::join_all(waiters), tick);
        assert!(bodies.iter().all(|body| Arc::ptr_eq(body, &bodies[0])));
        assert_eq!(
            (&json(&bodies[0])["passed"], publication.sources.waiting_viewers.count()),
            (&3.into(), 0)
        );
    }

    #[tokio::test]
    async fn numbers_are_news_and_the_time_is_none() {
        let publication = begun();
        let first = answer(&publication, None, Duration::ZERO).await;
        round(&publication, 0..0, 0);
        publication.tick();
        assert!(at_once(&publication, &first).await.is_none(), "nothing has changed");
        round(&publication, 0..0, 4);
        publication.tick();
        let second = at_once(&publication, &first).await.expect("four wait now");
        assert_eq!(json(&second)["totals"]["waiting"], 4);
        assert!(at_once(&publication, &second).await.is_none());
    }

    #[tokio::test]
    async fn a_problem_is_news() {
        let publication = begun();
        let probe = publication.sources.readiness.dependency("table");
        probe.up();
        publication.tick();
        let first = answer(&publication, None, Duration::ZERO).await;
        probe.down("why");
        // No round reads all rows meanwhile.
        publication.tick();
        let second = at_once(&publication, &first).await.expect("a problem");
        assert_eq!(json(&second)["problems"][0]["part"], "table");
        assert!(at_once(&publication, &second).await.is_none());
    }

    #[tokio::test]
    async fn whoever_comes_between_two_ticks_wakes_nobody() {
        let publication = begun();
        let first = answer(&publication, None, Duration::ZERO).await;
        round(&publication, 0..1, 0);
        answer(&publication, None, Duration::ZERO).await;
        assert!(at_once(&publication, &first).await.is_none(), "before the tick");
        publication.tick();
        let second = at_once(&publication, &first).await.expect("a tick");
        assert_eq!(json(&second)["passed"], 1);
    }

    #[tokio::test]
    async fn whoever_has_polled_between_two_ticks_waits_for_what_comes_later() {
        let publication = begun();
        let first = answer(&publication, None, Duration::ZERO).await;
        round(&publication, 0..1, 0);
        let polled = answer(&publication, Some(&first), Duration::ZERO).await;
        assert_eq!(json(&polled)["passed"], 1);
        for _ in 0..2 {
            assert!(at_once(&publication, &polled).await.is_none(), "it has the bullet");
            publication.tick();
        }
        round(&publication, 1..2, 0);
        publication.tick();
        let next = at_once(&publication, &polled).await.expect("the next bullet");
        assert_eq!(json(&next)["bullets"][0]["offset"], 1);
    }

    #[tokio::test]
    async fn viewers_of_another_homepage_are_looked_up_once_for_all() {
        let (one, other) = (begun(), begun_as(2));
        round(&one, 0..1, 0);
        let foreign = answer(&one, None, Duration::ZERO).await;
        round(&other, 0..2, 0);
        other.tick();
        let own = at_once(&other, &foreign).await.expect("a bullet");
        assert_eq!(json(&own)["passed"], 1);
        assert!(own.poll_after_ms >= 400);
        let again = at_once(&other, &foreign).await.expect("a bullet");
        assert!(Arc::ptr_eq(&own, &again));
        let all = answer(&other, None, Duration::ZERO).await;
        assert!(at_once(&one, &all).await.is_none(), "nothing after it");
    }

    #[tokio::test]
    async fn nobody_who_waits_is_told_to_hurry_while_the_topic_is_recreated() {
        let publication = begun();
        let first = answer(&publication, None, Duration::ZERO).await;
        let recreate = async {
            while publication.sources.waiting_viewers.count() == 0 {
                tokio::task::yield_now().await;
            }
            let Sources { feed, progress, .. } = &publication.sources;
            feed.begin(2, || progress.begin(2, PartitionOffsets::new()));
            publication.tick();
        };
        let (body, ()) = tokio::join!(answer(&publication, Some(&first), LONG), recreate);
        assert_eq!(json(&body)["cursor"], json(&first)["cursor"]);
        assert!(body.poll_after_ms >= 400);
    }

    #[tokio::test]
    async fn without_news_the_answer_comes_after_the_wait_and_leads_on() {
        let publication = begun();
        let first = answer(&publication, None, Duration::ZERO).await;
        round(&publication, 0..0, 0);
        let second = answer(&publication, Some(&first), Duration::from_millis(60)).await;
        assert_eq!(json(&second)["passed"], 0);
        assert_ne!(json(&second)["cursor"], json(&first)["cursor"]);
        // No round since: a cache would give this answer again and again.
        let third = answer(&publication, Some(&second), Duration::from_millis(60)).await;
        assert_eq!(json(&third)["cursor"], json(&second)["cursor"]);
        assert!(second.leads_on_from(Some(&first.cursor)) && second.leads_on_from(None));
        assert!(!third.leads_on_from(Some(&second.cursor)));
    }

    #[tokio::test]
    async fn a_poll_has_all_that_was_read_before_it() {
        let publication = begun();
        let mut body = answer(&publication, None, Duration::ZERO).await;
        for n in 0..20 {
            round(&publication, n..n + 1, 0);
            body = answer(&publication, Some(&body), Duration::ZERO).await;
            let json = json(&body);
            assert_eq!((&json["passed"], &json["totals"]["stored"]), (&1.into(), &(n + 1).into()));
        }
    }

    #[tokio::test]
    async fn until_the_past_is_known_everybody_stays_at_the_own_cursor_and_nobody_waits() {
        let (one, other) = (begun(), beginning());
        let own = answer(&one, None, Duration::ZERO).await;
        let body = at_once(&other, &own).await.expect("an answer at once");
        assert_eq!(json(&body)["cursor"], json(&own)["cursor"]);
        assert!(!body.leads_on_from(None) && body.poll_after_ms >= 400);
        let newcomer = answer(&other, None, LONG).await;
        assert_eq!(json(&newcomer)["cursor"], "");
    }

    #[tokio::test]
    async fn when_the_homepage_stops_all_who_wait_are_answered_and_nobody_waits_any_more() {
        let (publication, stop) = (Arc::new(begun()), CancellationToken::new());
        let first = answer(&publication, None, Duration::ZERO).await;
        let publish = publication.clone().publish(stop.clone(), CancellationToken::new());
        let told = answer(&publication, Some(&first), LONG);
        let asked = Instant::now();
        let stopping = async {
            while publication.sources.waiting_viewers.count() == 0 {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        let (body, (), ()) = tokio::join!(told, publish, stopping);
        assert!(asked.elapsed() < LONG / 2 && body.poll_after_ms >= 400);
        assert!(at_once(&publication, &body).await.is_some());
    }

    #[test]
    fn the_kept_bodies_are_few_and_small_however_many_ask() {
        let publication = begun();
        round(&publication, 0..4000, 0);
        for limit in 1..=500 {
            for poll_after in [PollAfter::Polling, PollAfter::Waiting] {
                let request = Request { limit, ..asking(None, Duration::ZERO) };
                let body = publication.of_snapshot(&request, &publication.fresh(), poll_after);
                body.unwrap().encoded(Encoding::Gzip);
            }
            let kept = publication.bodies.kept.lock();
            let bytes: usize = kept.iter().map(|it| it.body.size()).sum();
            assert!(kept.len() <= 64 && bytes <= 17 << 20, "{} of {bytes} bytes", kept.len());
        }
    }

    /// What may happen: a round that reads so many rows, a tick, or a viewer that asks, at once or waiting.
    #[derive(Clone, Debug)]
    enum Step {
        Round { rows: i64, waiting: u64, reads_all: bool },
        Tick,
        Ask { viewer: usize, waits: bool },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..4i64, 0..3u64, any::<bool>()).prop_map(|(rows, waiting, reads_all)| {
                Step::Round { rows, waiting, reads_all }
            }),
            Just(Step::Tick),
            (0..3usize, any::<bool>()).prop_map(|(viewer, waits)| Step::Ask { viewer, waits }),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn each_viewer_gets_each_bullet_once_and_the_numbers_that_belong_to_it(steps in steps()) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let publication = begun();
                let first = answer(&publication, None, Duration::ZERO).await;
                let (mut viewers, mut read) = (vec![(first, 0); 3], 0);
                let (mut now, mut told) = (json!([0, 0]), json!([0, 0]));
                let mut told_to = [true; 3];
                for step in steps {
                    match step {
                        Step::Round { rows, waiting, reads_all } => {
                            let rows = read..read + rows;
                            read = rows.end;
                            now = json!([read, waiting]);
                            if reads_all {
                                round(&publication, rows, waiting);
                            } else {
                                round_of(&publication, rows, waiting, None);
                            }
                        }
                        Step::Tick => {
                            publication.tick();
                            told = now.clone();
                            told_to = [false; 3];
                        }
                        Step::Ask { viewer, waits } => {
                            let (last, seen) = &mut viewers[viewer];
                            let body = if waits {
                                at_once(&publication, last).await
                            } else {
                                Some(answer(&publication, Some(last), Duration::ZERO).await)
                            };
                            let Some(body) = body else {
                                let totals = &json(last)["totals"];
                                let known = json!([totals["stored"], totals["waiting"]]);
                                prop_assert!(told_to[viewer] || known == told, "{known} {told}");
                                continue;
                            };
                            told_to[viewer] = true;
                            let json = json(&body);
                            let ids: Vec<i64> = json["bullets"].as_array().unwrap().iter()
                                .map(|it| it["offset"].as_i64().unwrap()).collect();
                            let expected: Vec<i64> = (*seen..*seen + ids.len() as i64).collect();
                            prop_assert_eq!(&ids, &expected);
                            prop_assert_eq!(&json["passed"], &json!(ids.len()));
                            *seen += ids.len() as i64;
                            prop_assert_eq!(&json["totals"]["stored"], &json!(*seen));
                            prop_assert!(waits || *seen == read);
                            *last = body;
                        }
                    }
                }
                Ok(())
            })?;
        }
    }
}
