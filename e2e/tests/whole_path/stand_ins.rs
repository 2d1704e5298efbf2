//! What a broker or table has acknowledged survives its end, also with `BARRAGE_BACKEND=real`.

use std::time::Duration;

use client::{kafka::Kafka, table, table::Table};
use process::child::{is_clean_exit, run_to_end};
use stack::{
    Setup, Stack,
    backend::Backend,
    plan::name::{BROKER, TABLE},
};
use tokio::process::Command;

async fn stand_ins() -> Stack {
    Setup::stand_ins().start().await
}

fn kafka(stack: &Stack) -> Kafka {
    Kafka::at(stack.address(BROKER))
}

fn table(stack: &Stack) -> Table {
    Table::at(stack.address(TABLE))
}

#[tokio::test]
async fn acknowledged_records_survive_kill_9_of_the_broker() {
    let mut stack = stand_ins().await;
    kafka(&stack).create_topic("greetings", 1).await;
    let sent = kafka(&stack).send("greetings", "key", "hello").await;
    stack.kill(BROKER).await;
    stack.start_again(BROKER).await;
    let found = kafka(&stack).records("greetings").await;
    let found: Vec<_> =
        found.iter().map(|record| (record.position.offset, &record.value[..])).collect();
    assert_eq!(found, [(sent.offset, &b"hello"[..])]);
}

#[tokio::test]
async fn acknowledged_rows_survive_kill_9_of_the_table() {
    let mut stack = stand_ins().await;
    table(&stack).create().await;
    table(&stack).put("shard", 7, "hello").await;
    stack.kill(TABLE).await;
    stack.start_again(TABLE).await;
    let rows = table(&stack).all().await;
    let found: Vec<_> =
        rows.iter().map(|row| (table::text(row, "offset"), table::text(row, "message"))).collect();
    assert_eq!(found, [(Some("7".into()), Some("hello".into()))]);
}

#[tokio::test]
async fn a_stand_in_exits_with_0_after_sigterm() {
    let mut stack = stand_ins().await;
    kafka(&stack).create_topic("greetings", 1).await;
    kafka(&stack).send("greetings", "key", "hello").await;
    table(&stack).create().await;
    for stand_in in [BROKER, TABLE] {
        let status = stack.terminate(stand_in).await;
        assert!(is_clean_exit(status), "{stand_in} ended with {status}");
    }
}

#[tokio::test]
async fn a_second_stand_in_on_the_same_data_is_refused() {
    let stack = Setup::stand_ins().backend(Backend::StandIns).start().await;
    for name in [BROKER, TABLE] {
        let data = stack.data_folder().join(name);
        let mut second = Command::new(stack::program(name));
        let second = run_to_end(second.arg("--data").arg(&data), Duration::from_secs(20)).await;
        assert_eq!(second.status.code(), Some(1), "{name}");
        let expected = format!("{name}: another {name} uses {}\n", data.display());
        assert_eq!(String::from_utf8(second.stderr).unwrap(), expected);
    }
}
