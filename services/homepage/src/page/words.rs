//! Every sentence of the pages, in each language.

mod en;
mod zh;

use std::fmt::Display;

use actix_web::http::StatusCode;
use barrage::message::Text;

use crate::api::Problem;
use crate::ask::Wrong;

pub(crate) use en::EN;
pub(crate) use zh::ZH;

/// A sentence with a place for one value.
pub(crate) struct Pattern(&'static str);

impl Pattern {
    pub(crate) fn with(&self, value: impl Display) -> String {
        self.0.replacen("{}", &value.to_string(), 1)
    }
}

/// One part of a message's way.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// In a word or two.
    pub(crate) does: &'static str,
    /// What for.
    pub(crate) why: &'static str,
}

/// The words of the pages, in the order in which they are seen.
pub(crate) struct Words {
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

    /// What the form holds at first.
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
    pub(crate) steps: [Step; 6],

    pub(crate) processors: &'static str,
    pub(crate) no_processors: &'static str,
    pub(crate) show_wall: &'static str,
    pub(crate) list_stands_still: &'static str,
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

    pub(crate) wrong_message: Pattern,
    pub(crate) wrong_number: Pattern,
    pub(crate) wrong_together: Pattern,
    pub(crate) wrong_rate: Pattern,
    pub(crate) nothing_sent: Pattern,
    pub(crate) too_much: Pattern,
    pub(crate) kafka_away: Pattern,

    pub(crate) since_opened: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) per_second: &'static str,
    pub(crate) key_sent: &'static str,
    pub(crate) key_shown: &'static str,
    pub(crate) latency: &'static str,
    pub(crate) processors_at_work: &'static str,
    pub(crate) no_data: &'static str,

    pub(crate) how_numbers: &'static str,
    pub(crate) api: &'static str,
    pub(crate) metrics: &'static str,
}

impl Words {
    /// What is wrong with a field.
    pub(crate) fn wrong(&self, wrong: Wrong) -> String {
        match wrong {
            Wrong::Message => self.wrong_message.with(Text::MAX_CHARS),
            Wrong::Number { max } => self.wrong_number.with(max),
            Wrong::Together { most } => self.wrong_together.with(most),
        }
    }

    /// Why nothing was sent, where no field is to blame.
    pub(crate) fn refusal(&self, problem: &Problem) -> String {
        match (problem.status(), problem.retry_after()) {
            (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) => self.too_much.with(seconds),
            (StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => self.kafka_away.with(seconds),
            _ => problem.detail.clone(),
        }
    }
}
