//! A person looks into a running demo with kcat, with Java's tools for Kafka and with boto3, by the addresses that the
//! demo has printed. Where one of them is not installed its test is skipped, but not in CI.

use std::{env, process::Stdio, time::Duration};

use client::{
    eventually::eventually,
    kafka::{GROUP, TOPIC},
};
use process::child::{Process, run_to_end};
use serde_json::{Value, json};
use stack::{
    demo::Demo,
    real::{Installation, NotInstalled},
};
use tokio::process::Command;

/// Many times what the slowest of them takes: Java needs two seconds.
const DEADLINE: Duration = Duration::from_secs(60);

/// The tables, and the messages in them.
const BOTO3: &str = "
import boto3, json, sys
table = boto3.client('dynamodb', endpoint_url=sys.argv[1], region_name='local',
    aws_access_key_id='any', aws_secret_access_key='any')
names = table.list_tables()['TableNames']
rows = [row for name in names for row in table.scan(TableName=name)['Items']]
print(json.dumps({'tables': names, 'messages': [row['message']['S'] for row in rows]}))
";

/// The tool, or none after a line that says why. CI has everything.
fn found<T>(tool: Result<T, String>) -> Option<T> {
    match tool {
        Ok(tool) => Some(tool),
        Err(why) if env::var_os("CI").is_some() => panic!("{why}"),
        Err(why) => {
            eprintln!("skipped: {why}");
            None
        }
    }
}

/// What a program that must succeed has printed.
async fn stdout(mut command: Command) -> String {
    let output = run_to_end(command.stdin(Stdio::null()), DEADLINE).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a program is installed and exits with 0 for these arguments.
async fn answers(program: &str, args: &[&str]) -> bool {
    let ended = Command::new(program).args(args).stdin(Stdio::null()).output().await;
    ended.is_ok_and(|output| output.status.success())
}

/// A running demo, and the address that it has printed for `part`.
async fn running(part: &str) -> (Demo, Process, String) {
    let demo = Demo::new(&["--processors", "1"]);
    let launcher = demo.start().await;
    let mut address = None;
    eventually("the demo prints the address", async || {
        let line = demo.lines().into_iter().find_map(|line| {
            let (address, _) = line.strip_prefix(part)?.strip_prefix(": ")?.split_once(' ')?;
            Some(address.to_owned())
        });
        address = line;
        address.is_some()
    })
    .await;
    (demo, launcher, address.unwrap())
}

fn kcat(broker: &str, args: &[&str]) -> Command {
    let mut kcat = Command::new("kcat");
    kcat.args(["-b", broker, "-q"]).args(args);
    kcat
}

#[tokio::test]
async fn kcat_lists_topics_and_sends_and_reads_records() {
    let missing = || "no kcat: apt install kcat".to_owned();
    let is_there = answers("kcat", &["-V"]).await;
    let Some(()) = found(is_there.then_some(()).ok_or_else(missing)) else { return };
    let (demo, _launcher, broker) = running("broker").await;
    let topics = stdout(kcat(&broker, &["-L"])).await;
    assert!(topics.contains("topic \"barrage-info\" with 4 partitions"), "{topics}");
    let file = demo.folder().join("greetings");
    std::fs::write(&file, "hello\nhello again\n").unwrap();
    let file = file.to_str().unwrap();
    stdout(kcat(&broker, &["-P", "-t", "greetings", "-p", "0", "-l", file])).await;
    let read = ["-C", "-t", "greetings", "-p", "0", "-o", "beginning", "-e"];
    assert_eq!(stdout(kcat(&broker, &read)).await, "hello\nhello again\n");
    // The router's records have headers, which kcat shows.
    let page = demo.homepage();
    page.send_message("hello, kcat").await.unwrap();
    let read = ["-C", "-t", TOPIC, "-o", "beginning", "-e", "-f", "%h %s\n"];
    let record = stdout(kcat(&broker, &read)).await;
    assert!(record.contains("ce_specversion=1.0") && record.contains("hello, kcat"), "{record}");
}

#[tokio::test]
async fn java_tells_which_router_consumes_each_partition() {
    let java = Installation::find().map_err(|missing: NotInstalled| missing.to_string());
    let Some(java) = found(java) else { return };
    let (_demo, _launcher, broker) = running("broker").await;
    let expected: Vec<_> = (0..4)
        .map(|partition| {
            json!([GROUP, TOPIC, partition.to_string(), "/127.0.0.1", "event-router-consumer"])
        })
        .collect();
    let mut shown = Vec::new();
    eventually("each partition has its consumer", async || {
        let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
        let mut tool = Command::from(java.tool(class));
        tool.args(["--bootstrap-server", &broker, "--describe", "--group", GROUP]);
        shown = rows(&stdout(tool).await);
        shown == expected
    })
    .await;
}

/// Group, topic, partition, host and client id of each line with a consumer, in the order of the partitions.
fn rows(table: &str) -> Vec<Value> {
    let mut rows: Vec<_> = table
        .lines()
        .filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [group, topic, partition, _, _, _, consumer, host, client]
                if consumer.starts_with(client) =>
            {
                Some(json!([group, topic, partition, host, client]))
            }
            _ => None,
        })
        .collect();
    rows.sort_by_key(|row| row[2].to_string());
    rows
}

#[tokio::test]
async fn boto3_finds_the_rows() {
    let mut python = Err("no boto3: apt install python3-boto3, or pip install boto3".to_owned());
    for program in ["python3", "/usr/bin/python3"] {
        if python.is_err() && answers(program, &["-c", "import boto3"]).await {
            python = Ok(program);
        }
    }
    let Some(python) = found(python) else { return };
    let (demo, _launcher, table) = running("table").await;
    demo.homepage().send_message("hello, boto3").await.unwrap();
    eventually("the table has the message", async || {
        let mut boto3 = Command::new(python);
        boto3.args(["-c", BOTO3, &table]);
        let seen: Value = serde_json::from_str(&stdout(boto3).await).unwrap();
        assert_eq!(seen["tables"].as_array().map(Vec::len), Some(1), "{seen}");
        seen["messages"] == json!(["hello, boto3"])
    })
    .await;
}
