//! The slot of each processor: a number from 1 to 8, which a page shows as a colour and a shape.
//!
//! The page, the stage, and the pages of another homepage must mean the same processor by a colour. So a slot follows
//! from the name, as far as possible: `message-processor-3` has slot 3. Any other name has one by its hash. Where that
//! slot is taken, it is the next one that is free.

use std::collections::BTreeMap;
use std::time::Duration;

use barrage::time::Millis;

const SLOTS: u64 = 8;

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

    /// A row that this processor stored at `used` was read. Without a free slot it gets none.
    pub(super) fn note(&mut self, processor: &str, used: Millis, now: Millis) {
        if let Some(held) = self.0.get_mut(processor) {
            held.used = held.used.max(used);
            return;
        }
        let first = preferred(processor);
        let slots = || (0..SLOTS).map(|n| (first - 1 + n) % SLOTS + 1);
        let holder = |slot| self.0.iter().find(|(_, held)| held.slot == slot);
        let free = slots().find(|slot| holder(*slot).is_none());
        let old = || {
            let is_old = |held: &Held| held.used.plus(Self::KEPT) <= now && held.used <= used;
            slots().find(|slot| holder(*slot).is_some_and(|(_, held)| is_old(held)))
        };
        if let Some(slot) = free.or_else(old) {
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
    number.unwrap_or_else(|| fnv_1a(name.as_bytes())) % SLOTS + 1
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
        let all = slots(&["message-processor-3", "message-processor-1", "p-9"]).all();
        assert_eq!(all["message-processor-3"], 3);
        assert_eq!(all["message-processor-1"], 1);
        assert_eq!(all["p-9"], 2, "slot 1 is taken");
    }

    #[test]
    fn any_other_name_has_the_same_slot_everywhere() {
        let (one, other) = (slots(&["b", "a"]).all(), slots(&["a"]).all());
        assert_eq!(one["a"], other["a"]);
    }

    #[test]
    fn a_ninth_processor_gets_a_slot_when_one_was_unused_for_a_minute() {
        let names = ["p-1", "p-2", "p-3", "p-4", "p-5", "p-6", "p-7", "p-8"];
        let (mut slots, begin) = (slots(&names), Millis(0));
        slots.note("p-9", begin, begin);
        assert!(!slots.all().contains_key("p-9"));
        let later = begin.plus(Slots::KEPT);
        names.iter().skip(1).for_each(|name| slots.note(name, later, later));
        slots.note("p-9", later, later);
        assert_eq!((slots.all().get("p-9"), slots.all().get("p-1")), (Some(&1), None));
    }
}
