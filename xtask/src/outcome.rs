//! How a step of the check ends, unless it fails.

#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    LeftOut(&'static str),
}
