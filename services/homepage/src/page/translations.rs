//! Every text of the pages in each language. The API uses the English ones for its errors.

mod en;
mod zh;

use std::fmt::Display;

use barrage::message::{Name, Text};

use crate::limits::Limit;
use crate::request::FieldError;

pub(crate) use en::EN;
pub(crate) use zh::ZH;

/// A text with a place `{}` for one value.
pub(crate) struct Pattern(&'static str);

impl Pattern {
    pub(crate) fn with(&self, value: impl Display) -> String {
        self.0.replacen("{}", &value.to_string(), 1)
    }

    /// For a text with two places, and a first value without `{}`.
    fn with_both(&self, first: impl Display, second: impl Display) -> String {
        self.with(first).replacen("{}", &second.to_string(), 1)
    }
}

/// One step of a message's way, as the page explains it.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) why: &'static str,
}

/// The texts of one language, in the order in which they are seen.
pub(crate) struct Translations {
    pub(crate) tagline: &'static str,
    pub(crate) stage_view: &'static str,
    pub(crate) how_it_works: &'static str,
    pub(crate) connecting: &'static str,

    pub(crate) messages: &'static str,
    pub(crate) newest_first: &'static str,
    pub(crate) message: &'static str,
    pub(crate) time: &'static str,
    pub(crate) processor: &'static str,
    pub(crate) sent_to_stored: &'static str,

    pub(crate) close: &'static str,
    pub(crate) message_id: &'static str,
    pub(crate) burst: &'static str,
    pub(crate) sent_to_shown: &'static str,
    pub(crate) open_trace: &'static str,

    /// The message that the form holds when the page is opened.
    pub(crate) greeting: &'static str,
    pub(crate) quiet: &'static str,
    pub(crate) quiet_text: &'static str,
    pub(crate) try_this: &'static str,
    pub(crate) hello_once: &'static str,
    pub(crate) twenty_senders: &'static str,
    pub(crate) load_test: &'static str,
    pub(crate) qr: Pattern,
    pub(crate) join: &'static str,
    pub(crate) scan: &'static str,
    pub(crate) only_here: &'static str,
    pub(crate) open_room: &'static str,
    pub(crate) closes: &'static str,
    pub(crate) steps: [Step; 6],

    pub(crate) processors: &'static str,
    pub(crate) no_processors: &'static str,
    pub(crate) show_wall: &'static str,
    pub(crate) list_is_static: &'static str,
    pub(crate) too_old: &'static str,
    pub(crate) reload: &'static str,
    pub(crate) wall: &'static str,
    pub(crate) pause: &'static str,
    pub(crate) hide: &'static str,
    pub(crate) list: &'static str,

    pub(crate) send_a_burst: &'static str,
    pub(crate) characters: Pattern,
    pub(crate) concurrency: &'static str,
    pub(crate) duration: &'static str,
    pub(crate) range: Pattern,
    pub(crate) send: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) accepted: &'static str,
    pub(crate) stored: &'static str,
    pub(crate) shown: &'static str,
    pub(crate) stop: &'static str,

    pub(crate) invalid_message: Pattern,
    pub(crate) invisible_message: &'static str,
    pub(crate) message_too_long: Pattern,
    pub(crate) invalid_name: Pattern,
    pub(crate) invisible_name: &'static str,
    pub(crate) invalid_number: Pattern,
    pub(crate) total_rate_too_high: Pattern,
    pub(crate) invalid_rate: Pattern,
    pub(crate) nothing_sent: Pattern,
    pub(crate) sent: Pattern,
    pub(crate) too_much: Pattern,
    pub(crate) cooldown: Pattern,
    pub(crate) own_bursts: Pattern,
    pub(crate) address_bursts: Pattern,
    pub(crate) kafka_away: Pattern,

    pub(crate) on_the_wall: &'static str,
    pub(crate) your_messages: &'static str,
    pub(crate) your_name: &'static str,
    /// The same where there is little room.
    pub(crate) name: &'static str,
    pub(crate) emojis: &'static str,
    pub(crate) everybody: &'static str,
    pub(crate) nothing_sent_yet: &'static str,
    pub(crate) too_soon: Pattern,
    pub(crate) sent_one: &'static str,

    pub(crate) since_opened: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) folded: &'static str,
    pub(crate) shown_latest: &'static str,
    pub(crate) folded_latest: &'static str,
    pub(crate) events: &'static str,

    pub(crate) how_numbers: &'static str,
    pub(crate) api: &'static str,
    pub(crate) metrics: &'static str,
}

impl Translations {
    /// Why a request over a limit was refused, and in how many seconds to try again.
    pub(crate) fn limit_exceeded(&self, limit: Option<Limit>, seconds: u64) -> String {
        match limit {
            Some(Limit::Cooldown) => self.cooldown.with(seconds),
            Some(Limit::OwnBursts { running }) => self.own_bursts.with_both(running, seconds),
            Some(Limit::AddressBursts { running }) => {
                self.address_bursts.with_both(running, seconds)
            }
            Some(Limit::Requests | Limit::Bursts | Limit::Rate | Limit::Draining) | None => {
                self.too_much.with(seconds)
            }
        }
    }

    pub(crate) fn field_error(&self, error: FieldError) -> String {
        match error {
            FieldError::Message => self.invalid_message.with(Text::MAX_CHARS),
            FieldError::Invisible => self.invisible_message.to_owned(),
            FieldError::TooLong { excess, max } => self.message_too_long.with_both(excess, max),
            FieldError::Name => self.invalid_name.with(Name::MAX_CHARS),
            FieldError::InvisibleName => self.invisible_name.to_owned(),
            FieldError::Number { max } => self.invalid_number.with(max),
            FieldError::TotalRate { max } => self.total_rate_too_high.with(max),
        }
    }
}
