//! The program that `cargo demo` becomes.

use std::process::ExitCode;

// A single thread, because the death signal of a child is sent when the thread that started it ends.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    launcher::main().await
}
