//! The definitions of the ratios, and their aims.
//!
//! Both figures of a ratio are measured in the same run, alternately, on fresh stand-ins (broker and table),
//! with the same records, partitions, rows and number of senders. Every record comes from an idempotent
//! producer and is acknowledged by all replicas (`acks=all`). Every row is written by BatchWriteItem. Warm-ups
//! do not count. All processes share the machine, and so does the measurement.

use std::fmt;

use clap::ValueEnum;

/// A ratio; some have several parts. These texts are printed by `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Ratio {
    /// End-to-end messages per second ÷ the bare pipeline. 200 senders each wait for their acknowledgements.
    /// The time runs from the first send to the last row. The bare pipeline is one process that produces,
    /// consumes and writes the same rows, and does nothing else.
    P1,
    /// Acknowledged messages per second of the homepage, without a router ÷ those of 200 bare senders.
    P2,
    /// Records per second through a router, to a processor that answers at once ÷ read by a bare consumer.
    P3,
    /// Records per second through router, processor and table ÷ the same with one record in each call.
    P4,
    /// Send → in the feed at 30 % of the peak ÷ the sum of its hops alone, by bare clients: send → consumed,
    /// gRPC call, write, read, and poll. p50 ÷ the sum of their p50, p99 ÷ the sum of their p99.
    P5,
    /// Send → received at 30 % of the peak: from a message's `sent_at` until a viewer who waits for news has it.
    /// The peak is the end-to-end messages per second of P1.
    P6,
    /// CPU time of homepage, router and processor together for 100,000 messages, sent as for P1. Nobody looks on.
    P7,
    /// The same at 600 messages per second, while one page is open: it waits for news, and asks for the pipeline
    /// twice a second.
    #[value(name = "P7@600")]
    P7At600,
    /// The same at 50 messages per second.
    #[value(name = "P7@50")]
    P7At50,
    /// The same at one message per second: 1,000 s are 1 % of a core.
    #[value(name = "P7@1")]
    P7At1,
    /// Records per second through router, processor and table while a backlog waits ÷ read by a bare
    /// consumer. And the highest memory of a process after the first tenth ÷ its memory at that time.
    P8,
    /// CPU time of the homepage for each answer to a viewer who asks for the feed as a browser does, at 1,000
    /// messages per second, with 1,000 and with 5,000 viewers. What it takes without viewers is left out.
    P9,
    /// Answers per second and core of P9 with 1,000 viewers ÷ those of a bare endpoint that sends the same bytes.
    P9b,
    /// Table reads of the homepage with 5,000 viewers ÷ with one, and the same for compressed answers.
    P10,
    /// The highest memory (VmHWM) of each service in a run of P1.
    P11,
    /// Rows per second in the feed while bursts offer twice the peak ÷ the peak. Here the peak is the most rows
    /// per second while bursts offer 60 to 120 % of P1's end-to-end.
    P12,
    /// End-to-end messages per second as in P1, with traces of the default sampling ÷ without tracing.
    P13,
    /// How many viewers of a homepage on one core see every tick of the feed, at 100 messages per second. And the
    /// p99 from a tick until a viewer has received it.
    P15,
    /// CPU time of homepage, router and processor together, in per cent of a core, while no message comes and one
    /// page is open as for P7@600.
    P16,
}

impl fmt::Display for Ratio {
    /// Its name on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

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
    /// The unit of the figure; empty for a ratio.
    pub(crate) unit: &'static str,
    /// The unit of the ratio's dividend and divisor.
    pub(crate) of: &'static str,
}

impl Part {
    /// The same of an older build ÷ of this one.
    pub(crate) fn before_and_now(self) -> Self {
        ratio(self.ratio, "the same, before ÷ now", Aim::AtLeast(1.0), self.unit)
    }
}

const fn ratio(ratio: Ratio, what: &'static str, aim: Aim, of: &'static str) -> Part {
    Part { ratio, what, aim, unit: "", of }
}

const fn figure(ratio: Ratio, what: &'static str, most: f64, unit: &'static str) -> Part {
    Part { ratio, what, aim: Aim::AtMost(most), unit, of: "" }
}

pub(crate) const END_TO_END: Part =
    ratio(Ratio::P1, "end-to-end ÷ bare pipeline", Aim::AtLeast(0.70), "/s");
pub(crate) const SENDING: Part =
    ratio(Ratio::P2, "homepage accepted ÷ raw produce", Aim::AtLeast(0.70), "/s");
pub(crate) const ROUTING: Part =
    ratio(Ratio::P3, "router drain ÷ raw consume", Aim::AtLeast(0.50), "/s");
pub(crate) const BATCHING: Part =
    ratio(Ratio::P4, "batched ÷ one call per message", Aim::AtLeast(15.0), "/s");
/// For p50, and for p99.
pub(crate) const HOPS: [Part; 2] = [
    ratio(Ratio::P5, "end-to-end p50 ÷ hops alone", Aim::AtMost(1.3), " ms"),
    ratio(Ratio::P5, "end-to-end p99 ÷ hops alone", Aim::AtMost(2.5), " ms"),
];
/// For p50, and for p99.
pub(crate) const IN_THE_FEED: [Part; 2] = [
    figure(Ratio::P6, "send → received, p50", 45.0, " ms"),
    figure(Ratio::P6, "send → received, p99", 120.0, " ms"),
];
pub(crate) const CPU: Part =
    figure(Ratio::P7, "CPU of the services per 100,000 messages", 6.0, " s");
/// Each with its messages per second.
pub(crate) const PACED_CPU: [(u32, Part); 4] = [
    (600, figure(Ratio::P7At600, "CPU per 100,000 at 600/s, one page open", 15.0, " s")),
    (50, figure(Ratio::P7At50, "CPU per 100,000 at 50/s, one page open", 60.0, " s")),
    (1, figure(Ratio::P7At1, "CPU per 100,000 at 1/s, one page open", 2000.0, " s")),
    (0, figure(Ratio::P16, "CPU of the idle services, one page open", 1.0, " %")),
];
pub(crate) const BACKLOG: Part =
    ratio(Ratio::P8, "backlog drain ÷ raw consume", Aim::AtLeast(0.50), "/s");
pub(crate) const FLAT: Part =
    ratio(Ratio::P8, "memory: most ÷ when warm", Aim::AtMost(1.10), " MB");
/// With 1,000 viewers, and with 5,000.
pub(crate) const ANSWER: [Part; 2] = [
    figure(Ratio::P9, "CPU per answer, 1,000 viewers", 60.0, " µs"),
    figure(Ratio::P9, "CPU per answer, 5,000 viewers", 25.0, " µs"),
];
pub(crate) const BARE_ENDPOINT: Part =
    ratio(Ratio::P9b, "answers per core ÷ bare endpoint", Aim::AtLeast(0.70), "/s");
pub(crate) const READS: Part =
    ratio(Ratio::P10, "table reads: 5,000 viewers ÷ one", Aim::AtMost(1.05), "/s");
pub(crate) const COMPRESSIONS: Part =
    ratio(Ratio::P10, "compressions: 5,000 viewers ÷ one", Aim::AtMost(1.5), "/s");
/// In the order of `stacks::SERVICES`.
pub(crate) const MEMORY: [Part; 3] = [
    figure(Ratio::P11, "memory of the homepage", 48.0, " MB"),
    figure(Ratio::P11, "memory of the router", 48.0, " MB"),
    figure(Ratio::P11, "memory of the processor", 32.0, " MB"),
];
pub(crate) const OVERLOAD: Part =
    ratio(Ratio::P12, "goodput at twice the peak ÷ peak", Aim::AtLeast(0.95), "/s");
pub(crate) const TRACED: Part = ratio(Ratio::P13, "tracing on ÷ off", Aim::AtLeast(0.95), "/s");
pub(crate) const EVERY_TICK: Part = Part {
    ratio: Ratio::P15,
    what: "viewers that see every tick, one core",
    aim: Aim::AtLeast(10_000.0),
    unit: "",
    of: "",
};
pub(crate) const RECEIVED: Part = figure(Ratio::P15, "tick → received, p99", 250.0, " ms");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_equal_to_the_aim_meets_it() {
        assert!(Aim::AtLeast(0.7).is_met_by(0.7) && !Aim::AtLeast(0.7).is_met_by(0.699));
        assert!(Aim::AtMost(1.3).is_met_by(1.3) && !Aim::AtMost(1.3).is_met_by(1.31));
    }

    #[test]
    fn a_figure_that_was_not_measured_meets_no_aim() {
        assert!(!Aim::AtLeast(0.0).is_met_by(f64::NAN) && !Aim::AtMost(9.0).is_met_by(f64::NAN));
    }

    #[test]
    fn ratios_are_named_in_either_case() {
        for (name, ratio) in [("P1", Ratio::P1), ("p9B", Ratio::P9b), ("p7@50", Ratio::P7At50)] {
            assert_eq!(Ratio::from_str(name, true), Ok(ratio));
            assert!(ratio.to_string().eq_ignore_ascii_case(name));
        }
        assert!(Ratio::from_str("P14", true).is_err());
    }
}
