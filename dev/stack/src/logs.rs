//! What the processes of a stack have said.

use super::Stack;
use crate::plan::name::{HOMEPAGE, PROCESSOR, ROUTER};

impl Stack {
    /// What a process has said last.
    pub fn tail(&self, process: &str) -> Vec<String> {
        self.member(process).log.tail()
    }

    /// All that a process has said, since the stack was started.
    pub fn log(&self, process: &str) -> String {
        let log = self.data.path().join(format!("logs/{process}.log"));
        std::fs::read_to_string(log).expect("each process has a log")
    }

    /// How often a process has said this.
    pub fn said(&self, process: &str, what: &str) -> usize {
        self.log(process).matches(what).count()
    }

    /// Fails when a service has told of a panic, caught or not.
    pub fn assert_nothing_panicked(&self) {
        for service in [HOMEPAGE, ROUTER, PROCESSOR] {
            let said = self.log(service);
            assert!(!said.contains("panicked"), "{service}: {said}");
        }
    }
}
