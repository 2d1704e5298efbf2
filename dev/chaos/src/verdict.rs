//! What became of it all: every message by its id, what homepages said, and what a viewer saw.

use std::collections::{BTreeMap, BTreeSet};

use client::{
    homepage::Homepage,
    ledger::{End, Ledger},
    table::{Row, Table, text},
};
use stack::{Stack, plan::name::TABLE};

use crate::{
    arena::is_filtered,
    journal::{say, thousands},
    load::Sent,
    settle::is_unknown,
    viewer::{Message, Seen},
};

/// So many faults are told by name.
const TOLD: usize = 20;

/// The account of a whole run.
pub(crate) struct Verdict {
    ledger: Ledger,
    faults: Vec<String>,
    shown: u64,
    drawn: u64,
    left_out: u64,
    bursts: u64,
    /// Bursts that a homepage does not know, and need not: their row was not written before they were
    /// answered for.
    unknown: u64,
}

impl Verdict {
    /// Of a stack that has settled, or should have.
    pub(crate) async fn of(
        stack: &Stack,
        homepages: &[Homepage],
        sent: &Sent,
        seen: &Seen,
    ) -> Self {
        let ledger = stack.ledger_of_all(is_filtered).await;
        let mut faults = badly_ended(&ledger);
        faults.extend(promised_in_vain(&ledger, sent));
        let mut unknown = BTreeSet::new();
        for homepage in homepages {
            faults.extend(said_wrongly(&ledger, homepage, sent, &mut unknown).await);
        }
        faults.extend(seen.twice.iter().cloned());
        let rows = Table::at(stack.address(TABLE)).all().await;
        let shown: Vec<_> = rows.iter().filter_map(shown).collect();
        faults.extend(not_drawn(&shown, seen));
        let (shown, drawn) = (shown.len() as u64, seen.drawn() as u64);
        let (bursts, unknown) = (sent.bursts.len() as u64, unknown.len() as u64);
        Self { ledger, faults, shown, drawn, left_out: seen.left_out, bursts, unknown }
    }

    /// Says it; true when every promise was kept.
    pub(crate) fn tell(&self) -> bool {
        let count = |end| self.ledger.ended(end).len() as u64;
        say(format_args!(
            "L{} D{}: {} accepted, {} stored, {} filtered, {} dead, {} dead twice, {} waiting, \
             {} out of order",
            count(End::Lost),
            count(End::Twice) + count(End::NotFiltered) + count(End::NeverAccepted),
            thousands(self.ledger.accepted() as u64),
            thousands(count(End::Stored)),
            thousands(count(End::Filtered)),
            thousands(count(End::DeadLettered)),
            count(End::DeadLetteredTwice),
            thousands(count(End::Waiting)),
            self.ledger.out_of_order().len(),
        ));
        let [shown, drawn, left_out] = [self.shown, self.drawn, self.left_out].map(thousands);
        say(format_args!(
            "the viewer drew {drawn} of {shown}, and was told of {left_out} left out"
        ));
        let [bursts, unknown] = [self.bursts, self.unknown].map(thousands);
        say(format_args!(
            "of {bursts} bursts {unknown} are unknown: answered for without a row, by a homepage that died"
        ));
        self.faults.iter().take(TOLD).for_each(say);
        if self.faults.len() > TOLD {
            say(format_args!("… and {} more", self.faults.len() - TOLD));
        }
        self.faults.is_empty()
    }
}

/// Each message that has not ended as promised. To be buried twice is none of these: a router does
/// so that dies before it could commit what it has buried.
fn badly_ended(ledger: &Ledger) -> Vec<String> {
    let ends = [End::Waiting, End::Lost, End::Twice, End::NotFiltered, End::NeverAccepted];
    let ended = |end| ledger.ended(end).into_iter().map(move |id| format!("{end:?}: {id}"));
    let order = ledger.out_of_order().into_iter().map(|id| format!("out of order: {id}"));
    ends.into_iter().flat_map(ended).chain(order).collect()
}

/// What a homepage said Kafka had, and Kafka has not.
fn promised_in_vain(ledger: &Ledger, sent: &Sent) -> Vec<String> {
    let bursts = ledger.bursts();
    let in_kafka = |burst: &str| bursts.get(burst).copied().unwrap_or(0);
    let less = sent.bursts.iter().filter(|(burst, said)| in_kafka(burst) < **said);
    let less = less.map(|(burst, said)| {
        format!("{burst}: {said} were said to be accepted, {} are", in_kafka(burst))
    });
    let singles = sent.singles.iter().filter(|id| in_kafka(id) == 0);
    less.chain(singles.map(|id| format!("{id}: was answered with 202, and is not there"))).collect()
}

/// What a homepage says of bursts and messages now that all is over, and is not so.
async fn said_wrongly<'a>(
    ledger: &Ledger,
    homepage: &Homepage,
    sent: &'a Sent,
    unknown: &mut BTreeSet<&'a str>,
) -> Vec<String> {
    let (url, in_kafka, in_table) = (homepage.url(), ledger.bursts(), ledger.rows());
    let mut faults = Vec::new();
    for id in sent.bursts.keys() {
        let burst = match homepage.burst(id).await {
            Ok(burst) => burst,
            Err(error) if is_unknown(&error) && sent.unwritten.contains(id) => {
                unknown.insert(id);
                continue;
            }
            Err(error) if is_unknown(&error) => {
                faults.push(format!("{url} knows no burst {id}"));
                continue;
            }
            Err(error) => panic!("{url} does not answer: {error}"),
        };
        let of = |counts: &BTreeMap<String, u64>| counts.get(id).copied().unwrap_or(0);
        let (accepted, stored) = (of(&in_kafka), of(&in_table));
        if burst.accepted > accepted || burst.stored != stored {
            let are = format!("{accepted} are accepted and {stored} stored");
            faults.push(format!("{url} says {burst:?}, and {are}"));
        }
    }
    let totals = homepage.feed(None, 1).await.expect("a homepage that answers").totals;
    if totals.accepted != totals.stored + totals.finished_without_row {
        faults.push(format!("{url} says {totals:?}, which does not add up"));
    }
    faults
}

/// What is shown and was never drawn, but for what the viewer was told of: no more, and stored then.
fn not_drawn(shown: &[(Message, u64)], seen: &Seen) -> Vec<String> {
    let missing: Vec<_> = shown.iter().filter(|(message, _)| !seen.has_drawn(message)).collect();
    let too_many = missing.len() as u64 > seen.left_out;
    let unsaid = missing.into_iter().filter(|(_, at)| too_many || !seen.may_lack(*at));
    unsaid.map(|((burst, sender, seq), _)| format!("never drawn: {burst}/{sender}/{seq}")).collect()
}

/// The message of a row that people are to see, and when it was stored.
fn shown(row: &Row) -> Option<(Message, u64)> {
    let is_shown = text(row, "verdict")? == "shown";
    let (sender, seq) = (text(row, "sender")?.parse().ok()?, text(row, "seq")?.parse().ok()?);
    let stored_at = text(row, "stored_at")?.parse().ok()?;
    is_shown.then_some(((text(row, "burst")?, sender, seq), stored_at))
}
