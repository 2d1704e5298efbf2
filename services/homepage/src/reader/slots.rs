//! The slot of each processor: a number from 1 to 64, which a page shows as a colour and a shape, and as the number of
//! its lane.
//!
//! The page, the stage, and the pages of another homepage must mean the same processor by a colour. So a slot follows
//! from the name, as far as possible: `message-processor-3` has slot 3. Any other name has one of the first twelve by its
//! hash, because there are twelve colours. Where that slot is taken, it is the next one that is free.

use std::collections::BTreeMap;
use std::time::Duration;

use barrage::time::Millis;

/// The slots that have a colour and a shape of their own.
const PREFERRED: u64 = 12;
/// The last slot. Those above the preferred ones are only used while these are taken.
const LAST: u64 = 64;

#[derive(Debug, Default)]
pub(super) struct Slots(BTreeMap<String, Held>);

#[derive(Clone, Copy, Debug)]
struct Held {
    slot: u64,
    /// When its processor last stored a row.
    used: Millis,
}

impl Slots {
    /// A processor keeps its slot so long after its last row. Then another one may take it.
    const KEPT: Duration = Duration::from_secs(60);

    /// This processor was there at `used`, when it stored a row. Without a free slot it gets none.
    pub(super) fn note(&mut self, processor: &str, used: Millis, now: Millis) {
        if let Some(held) = self.0.get_mut(processor) {
            held.used = held.used.max(used);
            return;
        }
        let first = preferred(processor);
        let preferred = || (0..PREFERRED).map(|n| (first - 1 + n) % PREFERRED + 1);
        let holder = |slot: &u64| self.0.values().find(|held| held.slot == *slot);
        let is_free = |slot: &u64| holder(slot).is_none();
        let is_old = |slot: &u64| {
            holder(slot).is_some_and(|it| it.used.plus(Self::KEPT) <= now && it.used <= used)
        };
        let slot = preferred()
            .find(is_free)
            .or_else(|| preferred().find(is_old))
            .or_else(|| (PREFERRED + 1..=LAST).find(|slot| is_free(slot) || is_old(slot)));
        if let Some(slot) = slot {
            self.0.retain(|_, held| held.slot != slot);
            self.0.insert(processor.to_owned(), Held { slot, used });
        }
    }

    /// The slots by the names of their processors.
    pub(super) fn all(&self) -> BTreeMap<String, u64> {
        self.0.iter().map(|(name, held)| (name.clone(), held.slot)).collect()
    }
}

fn preferred(name: &str) -> u64 {
    let number = name.rsplit_once('-').and_then(|(_, number)| number.parse::<u16>().ok());
    let number = number.filter(|number| *number > 0).map(|number| u64::from(number) - 1);
    number.unwrap_or_else(|| fnv_1a(name.as_bytes())) % PREFERRED + 1
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>). It is the same in every version of Rust.
fn fnv_1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(names: &[&str]) -> Slots {
        let (mut slots, now) = (Slots::default(), Millis(0));
        names.iter().for_each(|name| slots.note(name, now, now));
        slots
    }

    #[test]
    fn the_number_at_the_end_of_a_name_is_its_slot() {
        let all = slots(&["message-processor-3", "message-processor-1", "p-13"]).all();
        assert_eq!(all["message-processor-3"], 3);
        assert_eq!(all["message-processor-1"], 1);
        assert_eq!(all["p-13"], 2, "slot 1 is taken");
    }

    #[test]
    fn any_other_name_has_the_same_slot_everywhere() {
        let (one, other) = (slots(&["b", "a"]).all(), slots(&["a"]).all());
        assert_eq!(one["a"], other["a"]);
    }

    /// So many processors with numbers from 1 on.
    fn numbered(count: u64) -> Slots {
        let names: Vec<_> = (1..=count).map(|n| format!("p-{n}")).collect();
        slots(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn the_first_twelve_slots_are_preferred_and_more_processors_have_the_next_free_number() {
        let all = numbered(14).all();
        assert_eq!((all["p-12"], all["p-13"], all["p-14"]), (12, 13, 14));
        assert_eq!(slots(&["p-13"]).all()["p-13"], 1);
        let all = numbered(100).all();
        let used: std::collections::BTreeSet<_> = all.values().copied().collect();
        assert_eq!((all.len(), used), (64, (1..=64).collect()), "36 have none");
    }

    #[test]
    fn a_slot_is_held_for_a_minute_after_its_processor_has_gone() {
        let (mut slots, begin) = (numbered(12), Millis(0));
        slots.note("p-13", begin, begin);
        let later = begin.plus(Slots::KEPT);
        (2..=13).for_each(|n| slots.note(&format!("p-{n}"), later, later));
        slots.note("p-14", later, later);
        assert_eq!((slots.all().get("p-14"), slots.all().get("p-1")), (Some(&1), None));
        assert_eq!(slots.all().get("p-13"), Some(&13));
    }
}
