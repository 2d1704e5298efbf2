//! Which events are forwarded. The filters are those of `spec.filters` of Knative's Trigger
//! (<https://knative.dev/docs/eventing/triggers/#trigger-filtering>), without `cesql`.

use std::collections::BTreeMap;
use std::str::FromStr;

use barrage::event::Event;
use serde::Deserialize;

/// A list of filters. An event passes if it passes all of them, so an empty list lets every event pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Filters(Vec<Filter>);

/// Wanted values by attribute name. All must match; an attribute that the event does not have never matches.
type Attributes = BTreeMap<String, String>;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Filter {
    Exact(Attributes),
    Prefix(Attributes),
    Suffix(Attributes),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

impl Filters {
    pub(crate) fn pass(&self, event: &Event) -> bool {
        self.0.iter().all(|filter| filter.pass(event))
    }
}

impl FromStr for Filters {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

impl Filter {
    fn pass(&self, event: &Event) -> bool {
        match self {
            Self::Exact(wanted) => matches(event, wanted, |value, wanted| value == wanted),
            Self::Prefix(wanted) => {
                matches(event, wanted, |value, wanted| value.starts_with(wanted))
            }
            Self::Suffix(wanted) => matches(event, wanted, |value, wanted| value.ends_with(wanted)),
            Self::All(filters) => filters.iter().all(|filter| filter.pass(event)),
            Self::Any(filters) => filters.iter().any(|filter| filter.pass(event)),
            Self::Not(filter) => !filter.pass(event),
        }
    }
}

fn matches(event: &Event, wanted: &Attributes, compare: impl Fn(&str, &str) -> bool) -> bool {
    wanted
        .iter()
        .all(|(name, wanted)| event.attribute(name).is_some_and(|value| compare(value, wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(filters: &str) -> bool {
        let event = Event {
            id: "1".into(),
            source: "/homepage/a".into(),
            kind: "barrage.message.sent.v1".into(),
            extensions: BTreeMap::from([("partitionkey".into(), "b/3".into())]),
            ..Event::default()
        };
        filters.parse::<Filters>().unwrap().pass(&event)
    }

    #[test]
    fn an_empty_list_lets_every_event_pass() {
        assert!(passes("[]"));
    }

    #[test]
    fn exact_prefix_and_suffix_compare_attributes() {
        assert!(passes(r#"[{"exact":{"type":"barrage.message.sent.v1"}}]"#));
        assert!(!passes(r#"[{"exact":{"type":"barrage"}}]"#));
        assert!(passes(r#"[{"prefix":{"source":"/homepage/"}}]"#));
        assert!(!passes(r#"[{"prefix":{"source":"homepage"}}]"#));
        assert!(passes(r#"[{"suffix":{"partitionkey":"/3"}}]"#));
        assert!(!passes(r#"[{"suffix":{"partitionkey":"/4"}}]"#));
    }

    #[test]
    fn all_attributes_of_a_filter_must_match_and_a_missing_one_does_not() {
        assert!(!passes(r#"[{"exact":{"id":"1","source":"x"}}]"#));
        assert!(!passes(r#"[{"prefix":{"unknown":""}}]"#));
    }

    #[test]
    fn filters_nest() {
        assert!(passes(r#"[{"any":[{"exact":{"id":"9"}},{"exact":{"id":"1"}}]}]"#));
        assert!(!passes(r#"[{"all":[{"exact":{"id":"9"}},{"exact":{"id":"1"}}]}]"#));
        assert!(passes(r#"[{"not":{"exact":{"id":"9"}}}]"#));
        assert!(!passes(r#"[{"exact":{"id":"1"}},{"not":{"exact":{"id":"1"}}}]"#));
    }

    #[test]
    fn a_text_that_is_no_filter_is_refused() {
        for bad in ["", "{}", "[1]", r#"[{"cesql":"x"}]"#, r#"[{"exact":{"id":1}}]"#, r#"[{}]"#] {
            assert!(bad.parse::<Filters>().is_err(), "{bad}");
        }
    }
}
