//! What is measured, and would measure its neighbours with it: these tests run one by one.

mod audiences;
mod tracing;
