//! A processor as its own process.

use std::process::Stdio;
use std::time::Duration;

use barrage::retry::pause;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proto::message_processor_client::MessageProcessorClient;
use reqwest::StatusCode;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

/// The binary with an environment of only these variables.
pub(crate) fn command(vars: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_message-processor"));
    command.env_clear().envs(vars.iter().copied()).kill_on_drop(true);
    command
}

/// A running processor; dropping it kills it.
pub(crate) struct Processor {
    child: Child,
    pub(crate) url: String,
}

impl Processor {
    /// Starts it, and waits for the ready line. `table` is the table's URL.
    pub(crate) async fn start(table: &str, more: &[(&str, &str)]) -> Self {
        let mut vars = vec![
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("RUST_LOG", "error"),
            ("INSTANCE", "processor-1"),
            ("OTS_ENDPOINT", table),
            ("OTS_KEYID", "k"),
            ("OTS_SECRET", "s"),
        ];
        vars.extend(more);
        let mut child = command(&vars).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(Duration::from_secs(10), lines.next_line()).await;
        let line = line.expect("it is ready in time").unwrap().expect("it writes a line");
        let url = line.strip_prefix("message-processor ready on ").expect("the ready line");
        Self { child, url: url.to_owned() }
    }

    /// Starts it, and waits until its table answers.
    pub(crate) async fn ready(table: &str, more: &[(&str, &str)]) -> Self {
        let processor = Self::start(table, more).await;
        eventually("it is ready", async || processor.get("/readyz").await.0 == 200).await;
        processor
    }

    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::from_shared(self.url.clone()).unwrap().connect().await.unwrap()
    }

    pub(crate) async fn client(&self) -> MessageProcessorClient<Channel> {
        MessageProcessorClient::new(self.channel().await)
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = reqwest::get(format!("{}{path}", self.url)).await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    pub(crate) fn terminate(&self) {
        let pid = i32::try_from(self.child.id().expect("it runs")).unwrap();
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    }

    pub(crate) async fn exit_code(mut self) -> Option<i32> {
        let exit = timeout(Duration::from_secs(10), self.child.wait()).await;
        exit.expect("it ends in time").unwrap().code()
    }
}

/// Waits for at most 10 seconds until a fact is true.
pub(crate) async fn eventually(what: &str, fact: impl AsyncFn() -> bool) {
    let wait = async {
        while !fact().await {
            pause(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}
