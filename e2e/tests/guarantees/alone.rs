//! What is measured, and would measure its neighbours with it: these tests run one by one.

mod tracing;
mod viewers;
