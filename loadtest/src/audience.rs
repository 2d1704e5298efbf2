//! The mode `audience`: guests with phones. Each has a device, a name and texts of its own, and obeys its cooldown.

use std::{sync::Arc, time::Duration};

use client::{guest::Guest, homepage::Homepage, http::Error};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    measurements::Times,
    run::{Next, Run},
};

/// How many guests open `/join` at once.
const AT_ONCE: usize = 32;

/// The names of guests. A number follows, so that each name is another one.
const NAMES: [&str; 8] = ["Ada", "小明", "Grace", "Łukasz", "Noor", "Mário", "Ifeoma", "晓雯"];

/// How texts of a room end, besides their mark: short and long ones, in several scripts.
const ENDINGS: [&str; 10] = [
    "👏👏👏",
    "hello from the last row",
    "前排围观",
    "wow",
    "can you show the router again, please?",
    "这个弹幕是怎么算出来的？",
    "+1",
    "greetings to everybody in the room tonight",
    "哈哈哈哈哈",
    "¡qué rápido!",
];

/// The most characters of a message.
const MAX_CHARACTERS: usize = 100;

/// Lets so many guests join. Fails if a page cannot be opened.
pub(crate) async fn join(homepage: &Homepage, guests: u32) -> Result<Vec<Guest>, Error> {
    let joining = (0..guests).map(|n| Guest::join(homepage, name(n)));
    stream::iter(joining).buffered(AT_ONCE).try_collect().await
}

/// A name of 1 to 20 characters.
fn name(n: u32) -> String {
    format!("{} {}", NAMES[n as usize % NAMES.len()], n + 1)
}

/// A text with the mark of the run and a number, as long as people write them.
fn text(marked: &str, index: u64) -> String {
    let ending = ENDINGS[usize::try_from(index).unwrap_or_default() % ENDINGS.len()];
    let text = format!("{marked} {ending}");
    if text.chars().count() <= MAX_CHARACTERS { text } else { marked.to_owned() }
}

/// Sends every text of the schedule, each by a guest who may send then.
///
/// A guest who is not in a cooldown takes the next text and presses Send when it is due. If all guests are in a cooldown,
/// Send is pressed late, when the first of them may. Latency counts from that time on, because no sooner could a person
/// press it. For example, a text is due after 10 s and the cooldown of the guest who takes it ends after 11 s: latency
/// counts from 11 s, and the text counts as held back. Slow answers hold back no time: only the cooldown does.
pub(crate) async fn send(run: &Arc<Run>, guests: Vec<Guest>) {
    let mut senders = JoinSet::new();
    for guest in guests {
        senders.spawn(send_each(run.clone(), guest));
    }
    senders.join_all().await;
}

async fn send_each(run: Arc<Run>, mut guest: Guest) {
    let mut free = run.began;
    while let Some(Next { index, due, at }) = run.next(free).await {
        if at > due {
            run.measurements.held_back();
        }
        free = send_one(&run, &mut guest, index, at).await;
    }
}

/// Returns until when the guest is in its cooldown.
async fn send_one(run: &Run, guest: &mut Guest, index: u64, press: Instant) -> Instant {
    let (due, sent) = (press - run.began, run.began.elapsed());
    let answer = guest.send(&text(&run.tag.message(index), index)).await;
    let now = Instant::now();
    match answer {
        Ok(accepted) => {
            let times = Times { due, sent, answered: now - run.began };
            run.measurements.accepted(accepted.id, accepted.position, times);
            now + Duration::from_millis(accepted.cooldown_ms)
        }
        Err(refused) => {
            run.measurements.not_accepted(refused.error);
            now + refused.wait
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_guest_has_a_name_of_its_own_within_the_limit() {
        let names: HashSet<_> = (0..20_000).map(name).collect();
        assert_eq!(names.len(), 20_000);
        assert!(names.iter().all(|name| (1..=20).contains(&name.chars().count())));
    }

    proptest! {
        #[test]
        fn every_text_keeps_its_mark_and_the_limit(
            marked in "[a-z]{1,80} [0-9a-f]{4}-[0-9]{1,13}", index in any::<u64>(),
        ) {
            let text = text(&marked, index);
            prop_assert!(text.starts_with(&marked) && text.chars().count() <= MAX_CHARACTERS);
        }
    }
}
