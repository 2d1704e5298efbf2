//! What is believed of rows that were there before.

use super::*;
use crate::sample;

fn at(offset: i64) -> Offset {
    Offset::new(offset).unwrap()
}

fn row(offset: i64, id: &str) -> Row {
    sample::row(0, offset, id)
}

#[test]
fn a_row_in_doubt_is_believed_only_if_the_record_at_its_place_has_its_id() {
    let now = BTreeMap::from([(at(1), "new".to_owned())]);
    let mut stale = BTreeMap::new();
    assert!(is_believed(&row(1, "new"), at(5), &now, &mut stale));
    assert!(!is_believed(&row(1, "old"), at(5), &now, &mut stale));
    assert!(!is_believed(&row(2, "old"), at(5), &now, &mut stale), "there is no event");
    assert!(is_believed(&row(5, "any"), at(5), &now, &mut stale), "it was not there before");
}

#[test]
fn kafka_is_asked_once_for_a_stale_row_and_again_for_the_one_that_takes_its_place() {
    let mut stale = BTreeMap::new();
    let rows = [row(1, "old"), row(9, "new")];
    assert_eq!(unknown(&rows, at(5), &stale), BTreeSet::from([at(1)]));
    assert!(!is_believed(&rows[0], at(5), &BTreeMap::new(), &mut stale));
    assert!(unknown(&rows, at(5), &stale).is_empty());
    assert_eq!(unknown(&[row(1, "new")], at(5), &stale), BTreeSet::from([at(1)]));
}
