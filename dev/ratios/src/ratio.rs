//! What is measured: each ratio, from where to where, and its aim.
//!
//! Both figures of a ratio are measured in the same run, in turns, on fresh stand-ins (broker and table) with
//! the same records, partitions, rows and number of senders. Every record is acknowledged by all replicas
//! (`acks=all`) of an idempotent producer, every row is written by BatchWriteItem. A figure's warm-up is left
//! out. All processes share the machine, the measurement among them.

use clap::ValueEnum;

/// One ratio. Some have several parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Ratio {
    /// End-to-end messages per second ÷ the bare pipeline. Of 200 senders that each wait for their
    /// acknowledgement: from the first send until the last row, over all messages. The bare pipeline is one
    /// process that produces, consumes and writes the same rows, and nothing else.
    P1,
    /// What the homepage gets acknowledged per second, with the router stopped ÷ what 200 bare senders do.
    P2,
    /// Records per second through a router, to a processor that only answers ÷ read by a bare consumer.
    P3,
    /// Records per second through router, processor and table ÷ the same with one record in each call.
    P4,
    /// Send → in the feed at 30 % of the peak ÷ the sum of its hops alone: send → consumed, gRPC call, write,
    /// read and poll by bare clients. p50 ÷ the sum of their p50, p99 ÷ the sum of their p99.
    P5,
    /// Send → in the feed at 30 % of the peak: from the message's `sent_at` until a viewer has it who polls
    /// every 5 ms. The peak is the end-to-end messages per second of P1.
    P6,
    /// CPU time of homepage, router and processor together for 100,000 messages, sent as for P1.
    P7,
    /// Records per second through router, processor and table when a backlog waits ÷ read by a bare
    /// consumer. And the most memory that a process has after the first tenth ÷ what it has then.
    P8,
    /// CPU time of the homepage for a poll of the feed that brings the newest 100 bullets, uncompressed.
    P9,
    /// The most memory (VmHWM) of each service over a run of P1.
    P11,
    /// Rows per second in the feed while bursts offer twice the peak ÷ the peak, which here is the most rows
    /// per second while bursts offer from 60 to 120 % of P1's end-to-end.
    P12,
    /// End-to-end messages per second as in P1, exporting traces with the default sampling ÷ without tracing.
    P13,
}

/// What is reached when the aim is met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    pub(crate) fn is_met_by(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
        }
    }
}

/// One figure that has an aim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) ratio: Ratio,
    pub(crate) what: &'static str,
    pub(crate) aim: Aim,
    /// Of the figure; nothing for a ratio.
    pub(crate) unit: &'static str,
    /// Of the two figures that the ratio is made of.
    pub(crate) of: &'static str,
}

const fn ratio(ratio: Ratio, what: &'static str, aim: Aim, of: &'static str) -> Part {
    Part { ratio, what, aim, unit: "", of }
}

const fn figure(ratio: Ratio, what: &'static str, most: f64, unit: &'static str) -> Part {
    Part { ratio, what, aim: Aim::AtMost(most), unit, of: "" }
}

pub(crate) const WHOLE_WAY: Part =
    ratio(Ratio::P1, "end-to-end ÷ bare pipeline", Aim::AtLeast(0.70), "/s");
pub(crate) const SENDING: Part =
    ratio(Ratio::P2, "homepage accepted ÷ raw produce", Aim::AtLeast(0.70), "/s");
pub(crate) const ROUTING: Part =
    ratio(Ratio::P3, "router drain ÷ raw consume", Aim::AtLeast(0.50), "/s");
pub(crate) const BATCHING: Part =
    ratio(Ratio::P4, "batched ÷ one call per message", Aim::AtLeast(15.0), "/s");
/// p50 and p99.
pub(crate) const HOPS: [Part; 2] = [
    ratio(Ratio::P5, "end-to-end p50 ÷ hops alone", Aim::AtMost(1.3), " ms"),
    ratio(Ratio::P5, "end-to-end p99 ÷ hops alone", Aim::AtMost(2.5), " ms"),
];
/// p50 and p99.
pub(crate) const IN_THE_FEED: [Part; 2] = [
    figure(Ratio::P6, "send → in the feed, p50", 40.0, " ms"),
    figure(Ratio::P6, "send → in the feed, p99", 120.0, " ms"),
];
pub(crate) const CPU: Part =
    figure(Ratio::P7, "CPU of the services per 100,000 messages", 12.0, " s");
pub(crate) const BACKLOG: Part =
    ratio(Ratio::P8, "backlog drain ÷ raw consume", Aim::AtLeast(0.50), "/s");
pub(crate) const FLAT: Part =
    ratio(Ratio::P8, "memory: most ÷ when warm", Aim::AtMost(1.10), " MB");
pub(crate) const POLL: Part = figure(Ratio::P9, "CPU per feed poll", 60.0, " µs");
/// Homepage, router, processor.
pub(crate) const MEMORY: [Part; 3] = [
    figure(Ratio::P11, "memory of the homepage", 48.0, " MB"),
    figure(Ratio::P11, "memory of the router", 48.0, " MB"),
    figure(Ratio::P11, "memory of the processor", 32.0, " MB"),
];
pub(crate) const OVERLOAD: Part =
    ratio(Ratio::P12, "goodput at twice the peak ÷ peak", Aim::AtLeast(0.95), "/s");
pub(crate) const TRACED: Part = ratio(Ratio::P13, "tracing on ÷ off", Aim::AtLeast(0.95), "/s");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_met_by_what_is_just_enough() {
        assert!(Aim::AtLeast(0.7).is_met_by(0.7) && !Aim::AtLeast(0.7).is_met_by(0.699));
        assert!(Aim::AtMost(1.3).is_met_by(1.3) && !Aim::AtMost(1.3).is_met_by(1.31));
    }

    #[test]
    fn what_was_not_measured_meets_no_aim() {
        assert!(!Aim::AtLeast(0.0).is_met_by(f64::NAN) && !Aim::AtMost(9.0).is_met_by(f64::NAN));
    }

    #[test]
    fn ratios_are_named_as_people_write_them() {
        for (name, ratio) in [("P1", Ratio::P1), ("p13", Ratio::P13)] {
            assert_eq!(Ratio::from_str(name, true), Ok(ratio));
        }
        assert!(Ratio::from_str("P10", true).is_err());
    }
}
