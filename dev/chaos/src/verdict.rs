//! The verdict of a run: whether every message, every homepage and the viewer agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use client::{
    homepage::Homepage,
    ledger::{End, Ledger},
    message::MessageId,
    table::{Row, Table, text},
};
use indicatif::HumanCount;
use stack::{Stack, plan::name::TABLE};

use crate::{load::Sent, output::print, topology::is_filtered, viewer::Seen};

/// How many broken promises are printed. The others are counted.
const PRINTED: usize = 20;

/// What became of everything that was sent in a run.
pub(crate) struct Verdict {
    ledger: Ledger,
    /// One text for each broken promise.
    broken: Vec<String>,
    shown: u64,
    drawn: u64,
    left_out: u64,
    bursts: u64,
    /// Bursts that a homepage may not know, because their homepage died before it wrote their rows.
    unknown: u64,
}

impl Verdict {
    /// Examines a stack that has settled, or should have.
    pub(crate) async fn of(
        stack: &Stack,
        homepages: &[Homepage],
        sent: &Sent,
        seen: &Seen,
    ) -> Self {
        let ledger = stack.ledger_of_all(is_filtered).await;
        let mut broken = wrong_ends(&ledger);
        broken.extend(missing_in_kafka(&ledger, sent));
        let mut unknown = BTreeSet::new();
        for homepage in homepages {
            broken.extend(wrong_answers(&ledger, homepage, sent, &mut unknown).await);
        }
        broken.extend(seen.twice.iter().cloned());
        let rows = Table::at(stack.address(TABLE)).all().await;
        let shown: Vec<_> = rows.iter().filter_map(Shown::of).collect();
        broken.extend(not_drawn(&shown, seen));
        let (shown, drawn) = (shown.len() as u64, seen.drawn() as u64);
        let (bursts, unknown) = (sent.bursts.len() as u64, unknown.len() as u64);
        Self { ledger, broken, shown, drawn, left_out: seen.left_out, bursts, unknown }
    }

    /// Prints the verdict. True if every promise was kept.
    pub(crate) fn print(&self) -> bool {
        let count = |end| self.ledger.ended(end).len() as u64;
        print(format_args!(
            "L{} D{}: {} accepted, {} stored, {} filtered, {} dead, {} dead twice, {} waiting, \
             {} out of order",
            count(End::Lost),
            count(End::Twice) + count(End::NotFiltered) + count(End::NeverAccepted),
            HumanCount(self.ledger.accepted() as u64),
            HumanCount(count(End::Stored)),
            HumanCount(count(End::Filtered)),
            HumanCount(count(End::DeadLettered)),
            count(End::DeadLetteredTwice),
            HumanCount(count(End::Waiting)),
            self.ledger.out_of_order().len(),
        ));
        let [shown, drawn, left_out] = [self.shown, self.drawn, self.left_out].map(HumanCount);
        print(format_args!(
            "the viewer drew {drawn} of {shown} bullets; the feed reported {left_out} as left out"
        ));
        let [bursts, unknown] = [self.bursts, self.unknown].map(HumanCount);
        print(format_args!(
            "{unknown} of {bursts} bursts are unknown: their homepage died before it wrote their rows"
        ));
        self.broken.iter().take(PRINTED).for_each(print);
        if self.broken.len() > PRINTED {
            print(format_args!("… and {} more", self.broken.len() - PRINTED));
        }
        self.broken.is_empty()
    }
}

/// Messages that have not ended as promised. A second dead letter is allowed: a router may write it if it
/// dies before it can commit the first one.
fn wrong_ends(ledger: &Ledger) -> Vec<String> {
    let ends = [End::Waiting, End::Lost, End::Twice, End::NotFiltered, End::NeverAccepted];
    let ended = |end| ledger.ended(end).into_iter().map(move |id| format!("{end:?}: {id}"));
    let order = ledger.out_of_order().into_iter().map(|id| format!("out of order: {id}"));
    ends.into_iter().flat_map(ended).chain(order).collect()
}

/// Messages that a homepage has reported as accepted, and that are not in Kafka.
fn missing_in_kafka(ledger: &Ledger, sent: &Sent) -> Vec<String> {
    let bursts = ledger.bursts();
    let in_kafka = |burst: &str| bursts.get(burst).copied().unwrap_or(0);
    let incomplete = sent.bursts.iter().filter(|(burst, reported)| in_kafka(burst) < **reported);
    let incomplete = incomplete.map(|(burst, reported)| {
        format!("{burst}: {reported} were reported as accepted, Kafka has {}", in_kafka(burst))
    });
    let single = sent.singles.iter().filter(|id| in_kafka(id) == 0);
    let single = single.map(|id| format!("{id}: was answered with 202, and is not in Kafka"));
    incomplete.chain(single).collect()
}

/// What a homepage answers in the end and is wrong.
async fn wrong_answers<'a>(
    ledger: &Ledger,
    homepage: &Homepage,
    sent: &'a Sent,
    unknown: &mut BTreeSet<&'a str>,
) -> Vec<String> {
    let (url, in_kafka, in_table) = (homepage.url(), ledger.bursts(), ledger.rows());
    let mut wrong = Vec::new();
    for id in sent.bursts.keys() {
        let burst = match homepage.burst(id).await {
            Ok(burst) => burst,
            Err(error) if error.is_not_found() && sent.unwritten.contains(id) => {
                unknown.insert(id);
                continue;
            }
            Err(error) if error.is_not_found() => {
                wrong.push(format!("{url} does not know the burst {id}"));
                continue;
            }
            Err(error) => panic!("{url} does not answer: {error}"),
        };
        let of = |counts: &BTreeMap<String, u64>| counts.get(id).copied().unwrap_or(0);
        let (accepted, stored) = (of(&in_kafka), of(&in_table));
        if burst.accepted > accepted || burst.stored != stored {
            wrong.push(format!(
                "{url} answers {burst:?}; Kafka has {accepted}, and {stored} are stored"
            ));
        }
    }
    let totals = homepage.feed(None, 1).await.expect("a homepage that answers").totals;
    if totals.accepted != totals.stored + totals.finished_without_row {
        wrong.push(format!("{url} answers {totals:?}, which does not add up"));
    }
    wrong
}

/// Bullets that were never drawn. Allowed are as many as the feed reported as left out, if they can have been among
/// those.
fn not_drawn(shown: &[Shown], seen: &Seen) -> Vec<String> {
    let missing: Vec<_> = shown.iter().filter(|it| !seen.has_drawn(&it.message)).collect();
    let too_many = missing.len() as u64 > seen.left_out;
    let wrong = missing.into_iter().filter(|it| too_many || !seen.may_be_left_out(&it.stored));
    wrong
        .map(|it| format!("never drawn: {}, stored within {:?} ms", it.message, it.stored))
        .collect()
}

/// A message whose row is shown on the page.
struct Shown {
    message: MessageId,
    /// From when it was sent to when its row was written for the last time: the first time is somewhere between,
    /// because a record that is delivered again is written again. Milliseconds since 1970.
    stored: RangeInclusive<u64>,
}

impl Shown {
    fn of(row: &Row) -> Option<Self> {
        let is_shown = text(row, "verdict")? == "shown";
        let burst = text(row, "burst")?.parse().ok()?;
        let (sender, seq) = (text(row, "sender")?.parse().ok()?, text(row, "seq")?.parse().ok()?);
        let stored = text(row, "sent_at")?.parse().ok()?..=text(row, "stored_at")?.parse().ok()?;
        is_shown.then_some(Self { message: MessageId { burst, sender, seq }, stored })
    }
}
