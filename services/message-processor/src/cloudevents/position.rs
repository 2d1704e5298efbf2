//! Where the record of an event lies in Kafka, as Knative's sources tell it.

use barrage::event::Event;
use barrage::position::{Position, Topic};

use super::malformed::Malformed;
use crate::place;

/// The position. Sources of all ages tell it, each in its own way: the newest way goes first.
pub(super) fn of(event: &Event, default: &Topic) -> Result<Position, Malformed> {
    let (partition, offset) = place(event)?;
    Ok(place::position(topic(event).unwrap_or(default.as_str()), partition, offset)?)
}

fn place(event: &Event) -> Result<(i32, i64), Malformed> {
    let partition = event.attribute("knativekafkapartition");
    let offset = event.attribute("knativekafkaoffset");
    if partition.is_some() || offset.is_some() {
        let place = partition.zip(offset).and_then(|(p, o)| p.parse().ok().zip(o.parse().ok()));
        return place.ok_or(Malformed::NotNumbers);
    }
    let subject = event.attribute("subject").and_then(|text| written(text, "#"));
    subject.or_else(|| written(&event.id, "/offset:")).ok_or(Malformed::NoPosition)
}

/// `partition:P#O` or `partition:P/offset:O`.
fn written(text: &str, between: &str) -> Option<(i32, i64)> {
    let (partition, offset) = text.strip_prefix("partition:")?.split_once(between)?;
    partition.parse().ok().zip(offset.parse().ok())
}

/// Any source may have a fragment; one that cannot name a topic is none.
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
    fn each_form_of_the_place_is_read_and_the_newest_goes_first() {
        let id = ("id", "partition:1/offset:10");
        let subject = ("subject", "partition:2#20");
        assert_eq!(position(&[id]).unwrap(), "barrage-info/1@10");
        assert_eq!(position(&[id, subject]).unwrap(), "barrage-info/2@20");
        assert_eq!(position(&[id, subject, PARTITION, OFFSET]).unwrap(), "barrage-info/3@70000");
        assert_eq!(position(&[id, ("subject", "news")]).unwrap(), "barrage-info/1@10");
    }

    #[test]
    fn each_form_of_the_topic_is_read_and_the_newest_goes_first() {
        let topic = ("knativekafkatopic", "newest");
        assert_eq!(position(&[PARTITION, OFFSET, SOURCE]).unwrap(), "other/3@70000");
        assert_eq!(position(&[PARTITION, OFFSET, SOURCE, topic]).unwrap(), "newest/3@70000");
        let fragment = ("source", "https://x.example/#a b");
        assert_eq!(position(&[PARTITION, OFFSET, fragment]).unwrap(), "barrage-info/3@70000");
    }

    #[test]
    fn an_event_without_a_place_is_malformed() {
        assert_eq!(position(&[]), Err(Malformed::NoPosition));
        for subject in ["partition:1", "partition:1#", "partition:x#1", "1#1", "partition:1#1#1"] {
            assert_eq!(position(&[("subject", subject)]), Err(Malformed::NoPosition), "{subject}");
        }
    }

    #[test]
    fn a_place_that_is_told_wrongly_is_not_looked_for_elsewhere() {
        let id = ("id", "partition:1/offset:10");
        for wrong in [
            &[PARTITION][..],
            &[OFFSET],
            &[PARTITION, ("knativekafkaoffset", "x")],
            &[("knativekafkapartition", "2147483648"), OFFSET],
        ] {
            assert_eq!(position(&[&[id], wrong].concat()), Err(Malformed::NotNumbers), "{wrong:?}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_is_malformed() {
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
        fn whatever_an_event_says_its_place_can_be_or_is_malformed(
            partition in "-?[0-9]{0,12}|\\PC{0,3}", offset in "-?[0-9]{0,21}|\\PC{0,3}",
            subject in "partition:-?[0-9]{0,12}#-?[0-9]{0,21}|\\PC{0,9}",
        ) {
            let told = [
                ("knativekafkapartition", partition.as_str()),
                ("knativekafkaoffset", offset.as_str()),
            ];
            for attributes in [&told[..], &[("subject", subject.as_str())]] {
                if let Ok(position) = position(attributes) {
                    let place = position.strip_prefix("barrage-info/");
                    prop_assert!(place.is_some_and(|place| !place.contains('-')), "{position}");
                }
            }
        }
    }
}
