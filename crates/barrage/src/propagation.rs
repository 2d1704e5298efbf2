//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>): how a trace continues from one service to the
//! next, by a header that names the trace and the last span.

use std::fmt;
use std::str::FromStr;

/// The `traceparent` of a message: its trace, and the span that is the parent of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// Never zero, by the specification.
    pub trace_id: u128,
    /// Never zero, by the specification.
    pub span_id: u64,
    /// Whether spans are recorded. The homepage decides it, once for the whole trace.
    pub sampled: bool,
}

/// The text is no valid `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent of W3C Trace Context")]
pub struct TraceParentError;

impl TraceParent {
    /// A new trace without recorded spans. Its id still identifies the message.
    pub fn unsampled() -> Self {
        let nonzero = |n: u128| n.max(1);
        let span_id = rand::random::<u64>().max(1);
        Self { trace_id: nonzero(rand::random()), span_id, sampled: false }
    }

    /// A further span of this trace that is not recorded. Its id still identifies the message.
    #[must_use]
    pub fn unsampled_child(&self) -> Self {
        Self { trace_id: self.trace_id, ..Self::unsampled() }
    }

    /// The trace id as 32 hexadecimal digits, as tracing back ends show it.
    pub fn trace(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

/// The `tracestate` of a caller: what its tracing tools add to a trace. It is passed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceState(String);

/// The text is no valid `tracestate`, or a long one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a tracestate of W3C Trace Context")]
pub struct TraceStateError;

impl TraceState {
    /// By the specification, at least so much must be passed on.
    const MAX_CHARS: usize = 512;
    const MAX_MEMBERS: usize = 32;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TraceState {
    type Err = TraceStateError;

    /// A list of `key=value`.
    fn from_str(text: &str) -> Result<Self, TraceStateError> {
        let is_member = |member: &str| {
            let pair = member.trim().split_once('=');
            pair.is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
        };
        let members: Vec<_> = text.split(',').filter(|member| !member.trim().is_empty()).collect();
        let is_plain = text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
        let fits = text.len() <= Self::MAX_CHARS && members.len() <= Self::MAX_MEMBERS;
        let is_valid =
            is_plain && fits && !members.is_empty() && members.into_iter().all(is_member);
        if is_valid { Ok(Self(text.trim().to_owned())) } else { Err(TraceStateError) }
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace_id, self.span_id)
    }
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let mut fields = text.split('-');
        let mut field = |digits| fields.next().and_then(|text| hex(text, digits));
        let parsed = (field(2), field(32), field(16), field(2));
        let (Some(version), Some(trace_id), Some(span_id), Some(flags)) = parsed else {
            return Err(TraceParentError);
        };
        // Version 0 has exactly four fields; later ones may have more. 255 is forbidden.
        let complete = version != 255 && (version != 0 || fields.next().is_none());
        let span_id = u64::try_from(span_id).unwrap_or(0);
        if !complete || trace_id == 0 || span_id == 0 {
            return Err(TraceParentError);
        }
        Ok(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (text.len() == digits && lower).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_specification_survives() {
        let parent: TraceParent = EXAMPLE.parse().unwrap();
        assert!(parent.sampled);
        assert_eq!(parent.trace(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(parent.to_string(), EXAMPLE);
    }

    #[test]
    fn a_later_version_may_have_more_fields() {
        assert!(format!("01{}-more", &EXAMPLE[2..]).parse::<TraceParent>().is_ok());
        assert!(format!("{EXAMPLE}-more").parse::<TraceParent>().is_err());
    }

    #[test]
    fn what_is_malformed_is_no_traceparent() {
        let zero_trace = EXAMPLE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let zero_span = EXAMPLE.replace("00f067aa0ba902b7", &"0".repeat(16));
        for bad in ["", "00", &EXAMPLE[1..], &EXAMPLE.to_uppercase(), &zero_trace, &zero_span] {
            assert!(bad.parse::<TraceParent>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tracestate_is_a_short_list_of_keys_with_values() {
        for good in ["rojo=00f067aa0ba902b7", "a=1,b@c=x=y, d=2", ",a=1"] {
            assert_eq!(good.parse::<TraceState>().unwrap().as_str(), good);
        }
        let (long, many) = (format!("a={}", "x".repeat(511)), "a=1,".repeat(33));
        for bad in ["", "a", "=1", "a=", "a=\u{e9}", "a=1\nb", &long, &many] {
            assert!(bad.parse::<TraceState>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_new_trace_without_recorded_spans_reads_back() {
        let parent = TraceParent::unsampled();
        assert_eq!(parent.to_string().parse(), Ok(parent));
    }
}
