//! GUARANTEES.md and the tests agree: each of its rows names tests that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const FOLDER: &str = "../e2e";

/// How many guarantees there are.
const ROWS: usize = 38;

/// The random run is a program of its own, so this row names no test.
const RANDOM_RUN: usize = 30;

/// Tests of these targets are named with the target in front; all others are of the target `guarantees`.
const OTHER_TARGETS: [&str; 2] = ["in_the_wild", "whole_path"];

/// The number of each row and the tests that it names as `module::test`.
fn rows() -> Vec<(usize, BTreeSet<String>)> {
    let text = fs::read_to_string(Path::new(FOLDER).join("GUARANTEES.md")).expect("the table");
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let number = cells.next()?.parse().ok()?;
        let quoted = line.split('`').skip(1).step_by(2);
        Some((number, quoted.filter(|word| word.contains("::")).map(str::to_owned).collect()))
    };
    text.lines().filter_map(row).collect()
}

/// Whether there is this test, in the target that its name begins with or in `guarantees`.
fn exists(test: &str) -> bool {
    let named = test.split_once("::").filter(|(target, _)| OTHER_TARGETS.contains(target));
    let (target, test) = named.unwrap_or(("guarantees", test));
    let Some((module, function)) = test.rsplit_once("::") else { return false };
    let file = Path::new(FOLDER).join("tests").join(target).join(module.replace("::", "/"));
    let text = fs::read_to_string(file.with_extension("rs")).unwrap_or_default();
    text.contains(&format!("async fn {function}()"))
}

#[test]
fn every_guarantee_is_in_the_table_once() {
    let numbers: Vec<_> = rows().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
}

#[test]
fn every_guarantee_names_tests_that_exist() {
    for (number, tests) in rows() {
        assert!(!tests.is_empty() || number == RANDOM_RUN, "row {number} names no test");
        for test in tests {
            assert!(exists(&test), "row {number} names {test}, which does not exist");
        }
    }
}
