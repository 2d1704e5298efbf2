//! What was away and is back, so that a fault that heals at once leaves a line. An event is told when all messages that
//! were accepted before the part was back are finished: only then it is a fact how many were lost.
//!
//! An example: the table is away from 12:00:00 to 12:00:03. When it is back, the topic ends at offset 70. As soon as all
//! records before offset 70 are finished, the event is told: "table was away for 3 s, 0 messages lost".

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use barrage::health::Readiness;
use barrage::kafka::PartitionOffsets;
use barrage::retry::pause;
use barrage::time::{Millis, Rfc3339};
use parking_lot::Mutex;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::problems::PROCESSORS;
use crate::reader::progress::Progress;
use crate::routers::Routers;

/// A part that was away and is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Event {
    /// When it was back.
    pub(crate) at: Rfc3339,
    pub(crate) part: &'static str,
    pub(crate) kind: Kind,
    /// How long it was away; null if that is not known.
    pub(crate) seconds: Option<i64>,
    /// How many messages Kafka has deleted meanwhile.
    pub(crate) lost: u64,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Away,
    Restarted,
}

/// The newest events of this homepage.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Each with the time at which it was told.
    told: Mutex<VecDeque<(Millis, Event)>>,
    absences: Mutex<VecDeque<Absence>>,
}

/// A time in which a part was away, or its restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Absence {
    pub(crate) part: &'static str,
    /// `None` for a restart.
    pub(crate) since: Option<Millis>,
    /// `None` while it is away.
    pub(crate) until: Option<Millis>,
    /// How many messages Kafka has deleted meanwhile; `None` until it is a fact.
    pub(crate) lost: Option<u64>,
}

impl Events {
    /// How many are kept, and how many a page gets.
    const KEPT: usize = 20;
    const SHOWN: usize = 5;
    /// How long a page gets an event.
    const SHOWN_FOR: i64 = 10 * 60_000;

    fn add(&self, event: Event, now: Millis) {
        tracing::info!(part = event.part, lost = event.lost, "{}", event.text);
        let mut told = self.told.lock();
        told.push_back((now, event));
        if told.len() > Self::KEPT {
            told.pop_front();
        }
    }

    /// The newest absences, oldest first, also those that are not over.
    pub(crate) fn absences(&self) -> VecDeque<Absence> {
        self.absences.lock().clone()
    }

    /// The last ones, oldest first.
    pub(crate) fn recent(&self, now: Millis) -> Vec<Event> {
        let told = self.told.lock();
        let recent = told.iter().filter(|(at, _)| now.0 - at.0 < Self::SHOWN_FOR);
        let recent: Vec<_> = recent.map(|(_, event)| event.clone()).collect();
        recent[recent.len().saturating_sub(Self::SHOWN)..].to_vec()
    }
}

/// The parts that can be away, by their names in the readiness.
const PARTS: [&str; 3] = ["kafka", "table", "event-router"];

/// What is seen at one time.
struct Sight {
    now: Millis,
    /// The parts that are away, and since when.
    away: BTreeMap<&'static str, Millis>,
    /// Routers that were restarted meanwhile.
    restarts: usize,
    /// How many records have expired so far.
    expired: u64,
    run: u64,
    high_watermarks: PartitionOffsets,
}

/// A part that is back, while messages from before are not finished.
struct Healed {
    at: Millis,
    part: &'static str,
    seconds: Option<i64>,
    expired_before: u64,
    run: u64,
    until: PartitionOffsets,
}

/// Compares each sight with the one before.
#[derive(Default)]
struct Observer {
    /// The parts that are away, since when, and how many records had expired when that began.
    away: BTreeMap<&'static str, (Millis, u64)>,
    expired: u64,
    healed: Vec<Healed>,
    /// The newest absences.
    absences: VecDeque<Absence>,
}

impl Observer {
    /// How many events may wait for their messages.
    const WAITING: usize = 20;

    fn observe(&mut self, sight: &Sight) {
        for (part, since) in &sight.away {
            if self.away.contains_key(part) {
                continue;
            }
            self.away.insert(part, (*since, self.expired));
            self.note(Absence { part, since: Some(*since), until: None, lost: None });
        }
        let back = |part: &&'static str, _: &mut (Millis, u64)| !sight.away.contains_key(part);
        let back: Vec<_> = self.away.extract_if(.., back).collect();
        for (part, (since, expired_before)) in back {
            let seconds = Some((sight.now.0 - since.0).max(0) / 1000);
            self.heal(sight, part, seconds, expired_before);
            let open = self.absences.iter_mut().rfind(|it| it.part == part && it.until.is_none());
            if let Some(absence) = open {
                absence.until = Some(sight.now);
            }
        }
        for _ in 0..sight.restarts {
            self.heal(sight, "event-router", None, self.expired);
            let until = Some(sight.now);
            self.note(Absence { part: "event-router", since: None, until, lost: None });
        }
        self.expired = sight.expired;
    }

    fn note(&mut self, absence: Absence) {
        self.absences.push_back(absence);
        if self.absences.len() > Self::WAITING {
            self.absences.pop_front();
        }
    }

    fn heal(
        &mut self,
        sight: &Sight,
        part: &'static str,
        seconds: Option<i64>,
        expired_before: u64,
    ) {
        if self.healed.len() == Self::WAITING {
            self.healed.remove(0);
        }
        let (at, run, until) = (sight.now, sight.run, sight.high_watermarks.clone());
        self.healed.push(Healed { at, part, seconds, expired_before, run, until });
    }

    /// The events whose messages are finished. Those of a recreated topic never will be.
    fn take_finished(
        &mut self,
        sight: &Sight,
        has_finished: impl Fn(&PartitionOffsets) -> bool,
    ) -> Vec<Event> {
        self.healed.retain(|it| it.run == sight.run);
        let finished: Vec<_> = self.healed.extract_if(.., |it| has_finished(&it.until)).collect();
        for healed in &finished {
            let is_same = |it: &&mut Absence| it.part == healed.part && it.until == Some(healed.at);
            for absence in self.absences.iter_mut().filter(is_same) {
                absence.lost = Some(healed.lost(sight.expired));
            }
        }
        finished.into_iter().map(|it| it.into_event(sight.expired)).collect()
    }
}

impl Healed {
    fn lost(&self, expired: u64) -> u64 {
        expired.saturating_sub(self.expired_before)
    }

    fn into_event(self, expired: u64) -> Event {
        let lost = self.lost(expired);
        let (kind, what) = match self.seconds {
            Some(seconds) => {
                let were = if self.part == PROCESSORS { "were" } else { "was" };
                (Kind::Away, format!("{were} away for {seconds} s"))
            }
            None => (Kind::Restarted, "restarted".to_owned()),
        };
        let messages = if lost == 1 { "message" } else { "messages" };
        let text = format!("{} {what}, {lost} {messages} lost", self.part);
        let Self { at, part, seconds, .. } = self;
        Event { at: at.rfc3339(), part, kind, seconds, lost, text }
    }
}

/// How often the parts are looked at. What was away for less is not seen.
const INTERVAL: Duration = Duration::from_millis(250);

/// Until `stop`, notes what was away and is back.
pub(crate) async fn watch_events(
    events: Arc<Events>,
    readiness: Readiness,
    routers: Arc<Routers>,
    progress: Arc<Progress>,
    stop: CancellationToken,
) {
    let mut observer = Observer::default();
    while stop.run_until_cancelled(pause(INTERVAL)).await.is_some() {
        if progress.totals().since.is_none() {
            continue; // It is not known yet how many had expired before.
        }
        let sight = look(&readiness, &routers, &progress);
        observer.observe(&sight);
        let finished = observer.take_finished(&sight, |until| progress.has_finished(until));
        finished.into_iter().for_each(|event| events.add(event, sight.now));
        events.absences.lock().clone_from(&observer.absences);
    }
}

fn look(readiness: &Readiness, routers: &Routers, progress: &Progress) -> Sight {
    let report = readiness.report().dependencies;
    let is_away = |part: &'static str| {
        let it = report.get(part)?;
        // A part that has never been there does not come back.
        let was_there = it.last_up.is_some() || part == "event-router";
        (!it.ready && was_there).then_some((part, it.since.0))
    };
    let mut away: BTreeMap<_, _> = PARTS.into_iter().filter_map(is_away).collect();
    if let Some(failure) = routers.processor_failure() {
        away.insert(PROCESSORS, failure.since);
    }
    let (run, high_watermarks) = progress.run_and_high_watermarks();
    let (expired, now) = (progress.totals().counts.expired, Millis::now());
    Sight { now, away, restarts: routers.take_restarts(), expired, run, high_watermarks }
}

#[cfg(test)]
mod tests {
    use barrage::position::Offset;

    use super::*;

    fn sight(now: i64, away: &[(&'static str, i64)]) -> Sight {
        let high_watermarks = PartitionOffsets::from([(0, Offset::new(now).unwrap())]);
        let away = away.iter().map(|(part, since)| (*part, Millis(*since))).collect();
        Sight { now: Millis(now), away, restarts: 0, expired: 0, run: 1, high_watermarks }
    }

    /// The texts of the events that are told when all before this offset is finished.
    fn told(observer: &mut Observer, sight: &Sight, finished: i64) -> Vec<String> {
        observer.observe(sight);
        let finished = Offset::new(finished).unwrap();
        let events = observer.take_finished(sight, |until| until[&0] <= finished);
        events.into_iter().map(|event| event.text).collect()
    }

    #[test]
    fn an_event_is_told_when_all_from_before_it_is_finished() {
        let mut observer = Observer::default();
        assert!(told(&mut observer, &sight(1_000, &[("table", 900)]), 9_999).is_empty());
        assert!(told(&mut observer, &sight(4_000, &[]), 3_999).is_empty());
        let text = "table was away for 3 s, 0 messages lost";
        assert_eq!(told(&mut observer, &sight(5_000, &[]), 4_000), [text]);
        assert!(told(&mut observer, &sight(6_000, &[]), 9_999).is_empty());
    }

    #[test]
    fn an_absence_is_known_from_its_begin_and_its_loss_when_it_is_a_fact() {
        let mut observer = Observer::default();
        let mut absence = |sight: &Sight, finished| {
            told(&mut observer, sight, finished);
            observer.absences.clone().into_iter().collect::<Vec<_>>()
        };
        let away = Absence { part: "table", since: Some(Millis(900)), until: None, lost: None };
        assert_eq!(absence(&sight(1_000, &[("table", 900)]), 0), std::slice::from_ref(&away));
        let back = Absence { until: Some(Millis(4_000)), ..away };
        assert_eq!(absence(&sight(4_000, &[]), 3_999), std::slice::from_ref(&back));
        assert_eq!(absence(&sight(5_000, &[]), 4_000), [Absence { lost: Some(0), ..back.clone() }]);
        let all = absence(&Sight { restarts: 1, ..sight(9_000, &[]) }, 9_000);
        let restart = Absence {
            part: "event-router",
            since: None,
            until: Some(Millis(9_000)),
            lost: Some(0),
        };
        assert_eq!(all[1..], [restart]);
    }

    #[test]
    fn messages_that_expired_meanwhile_are_lost() {
        let mut observer = Observer::default();
        assert!(told(&mut observer, &sight(0, &[(PROCESSORS, 0)]), 9_999).is_empty());
        let back = Sight { expired: 1, ..sight(61_000, &[]) };
        let text = "processors was away for 61 s, 1 message lost";
        assert_eq!(told(&mut observer, &back, 61_000), [text.replace("was", "were")]);
    }

    #[test]
    fn a_restart_that_heals_at_once_is_told() {
        let mut observer = Observer::default();
        let restarted = Sight { restarts: 1, ..sight(7, &[]) };
        let text = "event-router restarted, 0 messages lost";
        assert_eq!(told(&mut observer, &restarted, 7), [text]);
    }

    #[test]
    fn a_page_gets_the_last_five_of_ten_minutes() {
        let events = Events::default();
        for n in 0..25_i64 {
            events.add(
                Healed {
                    at: Millis(n * 60_000),
                    part: "table",
                    seconds: Some(n),
                    expired_before: 0,
                    run: 1,
                    until: PartitionOffsets::new(),
                }
                .into_event(0),
                Millis(n * 60_000),
            );
        }
        let seconds = |now: i64| {
            let recent = events.recent(Millis(now * 60_000));
            recent.into_iter().filter_map(|it| it.seconds).collect::<Vec<_>>()
        };
        assert_eq!(seconds(24), [20, 21, 22, 23, 24]);
        assert_eq!(seconds(32), [23, 24]);
        assert_eq!(events.told.lock().len(), 20);
    }
}
