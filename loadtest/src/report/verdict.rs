//! The verdict of a run, in a word and a sentence, and the exit code.

use std::process::ExitCode;

use indicatif::HumanCount;

use super::{Expectation, Report};

/// What the ledger of a run proves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Every accepted message is accounted for, once and in order.
    Holds,
    /// Some messages are lost, there twice, or out of order.
    Broken,
    /// A person ended the run; until then nothing was broken.
    Interrupted,
    /// No message was accepted, so nothing is proved.
    Nothing,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Holds => "HOLDS",
            Self::Broken => "BROKEN",
            Self::Interrupted => "INTERRUPTED",
            Self::Nothing => "NOTHING",
        }
    }
}

impl Report {
    /// The verdict in a sentence.
    pub(crate) fn says(&self) -> String {
        let ledger = &self.ledger;
        let [accepted, lost, twice, out_of_order, unsettled] =
            [ledger.accepted, ledger.lost, ledger.twice, ledger.out_of_order, ledger.unsettled]
                .map(HumanCount);
        match self.verdict() {
            Verdict::Holds if self.sending.due == 0 => {
                "nothing was sent; viewers polled the feed".into()
            }
            Verdict::Holds => {
                let holds = format!(
                    "each of the {accepted} accepted messages is accounted for, once and in order"
                );
                match ledger.expired {
                    0 => holds,
                    expired => format!("{holds}; {}", expired_says(expired)),
                }
            }
            Verdict::Broken => format!(
                "of {accepted} accepted messages {lost} are lost, {twice} there twice, {out_of_order} out of order"
            ),
            Verdict::Interrupted => format!(
                "after {:.0} s, of {accepted} accepted messages {unsettled} were not settled yet",
                self.took_s
            ),
            Verdict::Nothing => "no message was accepted, so nothing is proved".into(),
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let ledger = &self.ledger;
        if ledger.lost + ledger.twice + ledger.out_of_order > 0 {
            Verdict::Broken
        } else if self.interrupted {
            Verdict::Interrupted
        } else if ledger.accepted == 0 && self.sending.due > 0 {
            Verdict::Nothing
        } else {
            Verdict::Holds
        }
    }

    /// 0 if all holds, 1 if the ledger or an expectation does not hold, 130 if interrupted.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.verdict() {
            Verdict::Broken | Verdict::Nothing => ExitCode::FAILURE,
            Verdict::Interrupted => ExitCode::from(130),
            Verdict::Holds if self.failed_expectations().next().is_some() => ExitCode::FAILURE,
            Verdict::Holds => ExitCode::SUCCESS,
        }
    }

    /// How many requests of any kind failed.
    pub(crate) fn failed_requests(&self) -> u64 {
        self.sending.failures.iter().map(|failure| failure.count).sum()
    }

    pub(crate) fn failed_expectations(&self) -> impl Iterator<Item = &Expectation> {
        self.expectations.iter().filter(|expectation| !expectation.holds)
    }
}

/// An accepted message that Kafka has deleted is explained, but never silently.
fn expired_says(expired: u64) -> String {
    format!(
        "{} of them expired: Kafka deleted them before they were processed",
        HumanCount(expired)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_run_holds_when_every_message_is_accounted_for() {
        let mut report = sample::report();
        assert_eq!(report.verdict(), Verdict::Holds);
        report.ledger.lost = 1;
        assert_eq!(report.verdict(), Verdict::Broken);
    }

    #[test]
    fn a_run_whose_messages_expired_holds_and_says_how_many() {
        let mut report = sample::report();
        report.ledger.expired = 1200;
        assert_eq!(report.verdict(), Verdict::Holds);
        assert!(report.says().contains("1,200 of them expired"), "{}", report.says());
    }

    #[test]
    fn a_run_that_accepted_nothing_proves_nothing() {
        let mut report = sample::report();
        report.ledger.accepted = 0;
        assert_eq!(report.verdict(), Verdict::Nothing);
        report.sending.due = 0;
        assert_eq!(report.verdict(), Verdict::Holds);
    }

    #[test]
    fn an_interrupted_run_can_be_broken_all_the_same() {
        let mut report = sample::report();
        report.interrupted = true;
        assert_eq!(report.verdict(), Verdict::Interrupted);
        report.ledger.twice = 1;
        assert_eq!(report.verdict(), Verdict::Broken);
    }
}
