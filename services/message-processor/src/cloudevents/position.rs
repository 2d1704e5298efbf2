//! The position in Kafka of an event's record, as Knative's sources say it.
//!
//! Sources of different versions say it in different ways, so the newest way that is there counts:
//!
//! | | partition and offset | topic |
//! | --- | --- | --- |
//! | newest | `knativekafkapartition` and `knativekafkaoffset` | `knativekafkatopic` |
//! | | subject `partition:P#O` | source `…#TOPIC` |
//! | oldest | id `partition:P/offset:O` | `KAFKA_TOPIC` |

use barrage::event::Event;
use barrage::position::{Position, Topic};

use super::events::Malformed;
use crate::record;

/// The position. `default` is the topic of an event that names none.
pub(super) fn of(event: &Event, default: &Topic) -> Result<Position, Malformed> {
    let (partition, offset) = partition_and_offset(event)?;
    Ok(record::position(topic(event).unwrap_or(default.as_str()), partition, offset)?)
}

fn partition_and_offset(event: &Event) -> Result<(i32, i64), Malformed> {
    let partition = event.attribute("knativekafkapartition");
    let offset = event.attribute("knativekafkaoffset");
    if partition.is_some() || offset.is_some() {
        let both = partition.zip(offset).and_then(|(p, o)| p.parse().ok().zip(o.parse().ok()));
        return both.ok_or(Malformed::NotIntegers);
    }
    let subject = event.attribute("subject").and_then(|text| parse(text, "#"));
    subject.or_else(|| parse(&event.id, "/offset:")).ok_or(Malformed::NoPosition)
}

/// Parses `partition:P#O` or `partition:P/offset:O`, depending on what is `between` the numbers.
fn parse(text: &str, between: &str) -> Option<(i32, i64)> {
    let (partition, offset) = text.strip_prefix("partition:")?.split_once(between)?;
    partition.parse().ok().zip(offset.parse().ok())
}

/// The fragment of a source may be anything. It counts only if it is a valid name of a topic.
fn topic(event: &Event) -> Option<&str> {
    let fragment = || event.source.split_once('#').map(|(_, fragment)| fragment);
    let fragment = || fragment().filter(|name| name.parse::<Topic>().is_ok());
    event.attribute("knativekafkatopic").or_else(fragment)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position(attributes: &[(&str, &str)]) -> Result<String, Malformed> {
        let mut event =
            Event { id: "019b76da".into(), source: "/homepage/a".into(), ..Event::default() };
        for &(name, value) in attributes {
            match name {
                "id" => event.id = value.into(),
                "source" => event.source = value.into(),
                name => drop(event.extensions.insert(name.into(), value.into())),
            }
        }
        of(&event, &"barrage-info".parse().unwrap()).map(|position| position.to_string())
    }

    const PARTITION: (&str, &str) = ("knativekafkapartition", "3");
    const OFFSET: (&str, &str) = ("knativekafkaoffset", "70000");
    const SOURCE: (&str, &str) = ("source", "/apis/v1/namespaces/n/kafkasources/barrage#other");

    #[test]
    fn the_newest_form_of_partition_and_offset_counts() {
        let id = ("id", "partition:1/offset:10");
        let subject = ("subject", "partition:2#20");
        assert_eq!(position(&[id]).unwrap(), "barrage-info/1@10");
        assert_eq!(position(&[id, subject]).unwrap(), "barrage-info/2@20");
        assert_eq!(position(&[id, subject, PARTITION, OFFSET]).unwrap(), "barrage-info/3@70000");
        assert_eq!(position(&[id, ("subject", "news")]).unwrap(), "barrage-info/1@10");
    }

    #[test]
    fn the_newest_form_of_the_topic_counts() {
        let topic = ("knativekafkatopic", "newest");
        assert_eq!(position(&[PARTITION, OFFSET, SOURCE]).unwrap(), "other/3@70000");
        assert_eq!(position(&[PARTITION, OFFSET, SOURCE, topic]).unwrap(), "newest/3@70000");
        let fragment = ("source", "https://x.example/#a b");
        assert_eq!(position(&[PARTITION, OFFSET, fragment]).unwrap(), "barrage-info/3@70000");
    }

    #[test]
    fn an_event_without_a_position_is_malformed() {
        assert_eq!(position(&[]), Err(Malformed::NoPosition));
        for subject in ["partition:1", "partition:1#", "partition:x#1", "1#1", "partition:1#1#1"] {
            assert_eq!(position(&[("subject", subject)]), Err(Malformed::NoPosition), "{subject}");
        }
    }

    #[test]
    fn a_wrong_position_in_the_newest_form_is_malformed_even_if_an_older_form_is_right() {
        let id = ("id", "partition:1/offset:10");
        for wrong in [
            &[PARTITION][..],
            &[OFFSET],
            &[PARTITION, ("knativekafkaoffset", "x")],
            &[("knativekafkapartition", "2147483648"), OFFSET],
        ] {
            assert_eq!(
                position(&[&[id], wrong].concat()),
                Err(Malformed::NotIntegers),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn an_impossible_position_is_malformed() {
        for wrong in [
            &[PARTITION, ("knativekafkaoffset", "-1")][..],
            &[("subject", "partition:-1#1")],
            &[PARTITION, OFFSET, ("knativekafkatopic", "a b")],
        ] {
            let error = position(wrong).unwrap_err();
            assert!(matches!(error, Malformed::Position(_)), "{wrong:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_event_has_a_possible_position_or_is_malformed(
            partition in "-?[0-9]{0,12}|\\PC{0,3}", offset in "-?[0-9]{0,21}|\\PC{0,3}",
            subject in "partition:-?[0-9]{0,12}#-?[0-9]{0,21}|\\PC{0,9}",
        ) {
            let newest = [
                ("knativekafkapartition", partition.as_str()),
                ("knativekafkaoffset", offset.as_str()),
            ];
            for attributes in [&newest[..], &[("subject", subject.as_str())]] {
                if let Ok(position) = position(attributes) {
                    let rest = position.strip_prefix("barrage-info/");
                    prop_assert!(rest.is_some_and(|rest| !rest.contains('-')), "{position}");
                }
            }
        }
    }
}
