//! The trace of a caller that a message continues: a gateway's, or that of a test.

use actix_web::http::header::HeaderMap;
use barrage::propagation::{TraceParent, TraceState};

/// What a request says about its trace, by W3C Trace Context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallerTrace {
    /// The caller's span. It counts as sampled only if the caller may decide that.
    pub(crate) parent: TraceParent,
    pub(crate) state: Option<TraceState>,
    /// Whether the message is traced. `None` if the caller may not decide that: a stranger must not fill the tracing
    /// back end.
    pub(crate) decision: Option<bool>,
}

impl CallerTrace {
    /// `None` without a valid `traceparent`. Then its `tracestate` counts no more, either.
    pub(crate) fn of(headers: &HeaderMap, is_trusted: bool) -> Option<Self> {
        let mut lines = headers.get_all("traceparent");
        let (Some(only), None) = (lines.next(), lines.next()) else { return None };
        let sent: TraceParent = only.to_str().ok()?.trim().parse().ok()?;
        let decision = is_trusted.then_some(sent.sampled);
        let parent = TraceParent { sampled: decision.unwrap_or(false), ..sent };
        Some(Self { parent, state: state(headers), decision })
    }
}

/// Several lines are one list.
fn state(headers: &HeaderMap) -> Option<TraceState> {
    let lines = headers.get_all("tracestate").map(|line| line.to_str());
    lines.collect::<Result<Vec<_>, _>>().ok()?.join(",").parse().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn trace(headers: &[(&str, &str)], is_trusted: bool) -> Option<CallerTrace> {
        let headers =
            headers.iter().fold(TestRequest::default(), |it, header| it.append_header(*header));
        CallerTrace::of(headers.to_http_request().headers(), is_trusted)
    }

    #[test]
    fn a_stranger_continues_its_trace_but_decides_nothing() {
        let sent = SAMPLED.parse::<TraceParent>().unwrap();
        let stranger = trace(&[("traceparent", SAMPLED)], false).unwrap();
        assert_eq!(stranger.decision, None);
        assert_eq!(stranger.parent, TraceParent { sampled: false, ..sent });
        let trusted = trace(&[("traceparent", SAMPLED)], true).unwrap();
        assert_eq!((trusted.decision, trusted.parent), (Some(true), sent));
        let unsampled = trace(&[("traceparent", &SAMPLED.replace("-01", "-00"))], true).unwrap();
        assert_eq!((unsampled.decision, unsampled.parent.sampled), (Some(false), false));
    }

    #[test]
    fn an_invalid_traceparent_is_ignored_and_its_tracestate_with_it() {
        let twice = [("traceparent", SAMPLED), ("traceparent", SAMPLED)];
        for bad in [&[("traceparent", "00-1-2-3")][..], &[("tracestate", "a=1")], &twice] {
            assert_eq!(trace(bad, true), None, "{bad:?}");
        }
    }

    #[test]
    fn a_tracestate_of_several_lines_is_one_list() {
        let lines = [("traceparent", SAMPLED), ("tracestate", "a=1"), ("tracestate", "b=2, c=3")];
        assert_eq!(trace(&lines, false).unwrap().state.unwrap().as_str(), "a=1,b=2, c=3");
        let invalid = [("traceparent", SAMPLED), ("tracestate", "nonsense")];
        assert_eq!(trace(&invalid, false).unwrap().state, None);
    }
}
