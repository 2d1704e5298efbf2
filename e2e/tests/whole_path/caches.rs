//! A crowd behind nginx and behind Varnish, with the configuration of the docs: the homepage answers it as it answers a
//! few. Where one of them is not installed its test is skipped, but not in CI.

use std::{env, path::PathBuf, time::Duration};

use client::eventually::{eventually, within};
use process::{
    child::{Process, Spec},
    death_signal::DeathSignal,
    log::Log,
    port::Port,
};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use stack::{Stack, plan::name::HOMEPAGE};
use tempfile::TempDir;
use tokio::task::JoinSet;

const FEW: u32 = 4;
const CROWD: u32 = 20 * FEW;
/// How many messages are sent while they look on.
const MESSAGES: u64 = 8;
/// Varnish compiles its configuration first, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A cache in front of the homepage. Dropping it ends it.
struct Cache {
    url: String,
    process: Process,
    _folder: TempDir,
}

/// The program, or none after a line that says why. CI has everything.
fn found(package: &str, program: &str) -> Option<PathBuf> {
    let path = PathBuf::from(program);
    if path.is_file() {
        return Some(path);
    }
    assert!(env::var_os("CI").is_none(), "{program} is missing: apt-get install {package}");
    eprintln!("skipped: {program} is missing: apt-get install {package}");
    None
}

/// What the homepage believes if a trusted proxy sends it, so no client may write it.
const OF_PROXIES: [&str; 5] =
    ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "traceparent"];

/// The configuration of the docs, each text replaced by another one.
fn configuration(file: &str, replaced: &[(&str, &str)]) -> String {
    let path = format!("{}/../docs/caches/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    replaced.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{path} has no {from}");
        text.replace(from, to)
    })
}

impl Cache {
    /// Starts it, and waits until it answers for the homepage.
    async fn start(program: PathBuf, folder: TempDir, port: Port, args: &[&str]) -> Self {
        let (name, url) = ("cache", format!("http://{}", port.address()));
        let log = Log::open(folder.path(), name, false).unwrap();
        let mut spec = Spec::new(name, program, folder.path(), port, DeathSignal::find());
        spec.args = args.iter().map(Into::into).collect();
        // Varnish runs a C compiler.
        spec.env.insert("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into());
        let mut cache =
            Self { url, process: Process::spawn(&spec, &log).unwrap(), _folder: folder };
        let client = client();
        within(START, "the cache answers", async || {
            assert!(!cache.process.has_ended(), "the cache has ended: {:?}", log.tail());
            let answer = client.get(format!("{}/feed?limit=1", cache.url)).send().await;
            answer.is_ok_and(|it| it.status() == StatusCode::OK)
        })
        .await;
        cache
    }
}

async fn nginx(stack: &Stack) -> Option<Cache> {
    let program = found("nginx-light", "/usr/sbin/nginx")?;
    let (folder, port) = (TempDir::new().unwrap(), Port::reserve(0).unwrap());
    let path = folder.path().display().to_string();
    let homepage = stack.address(HOMEPAGE).to_string();
    let listen = format!("listen {}", port.address());
    let server = configuration(
        "nginx.conf",
        &[("127.0.0.1:8080", &homepage), ("listen 80", &listen), ("/var/cache/nginx", &path)],
    );
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {path}/{name};"))
        .join(" ");
    let all = format!(
        "daemon off; master_process off; pid {path}/pid; error_log stderr; \
         events {{ worker_connections 4096; }} \
         http {{ access_log off; {temporary} {server} }}"
    );
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, all).unwrap();
    let file = file.display().to_string();
    Some(Cache::start(program, folder, port, &["-p", &path, "-c", &file, "-e", "stderr"]).await)
}

async fn varnish(stack: &Stack) -> Option<Cache> {
    let program = found("varnish", "/usr/sbin/varnishd")?;
    let (folder, port) = (TempDir::new().unwrap(), Port::reserve(0).unwrap());
    let homepage = stack.address(HOMEPAGE).port().to_string();
    let text = configuration("varnish.vcl", &[("8080", &homepage)]);
    let file = folder.path().join("varnish.vcl");
    std::fs::write(&file, text).unwrap();
    let (file, listen) = (file.display().to_string(), port.address().to_string());
    let path = folder.path().join("varnish").display().to_string();
    let args = [
        "-F",
        "-j",
        "none",
        "-n",
        &path,
        "-a",
        &listen,
        "-f",
        &file,
        "-s",
        "malloc,64m",
        "-T",
        "none",
    ];
    Some(Cache::start(program, folder, port, &args).await)
}

#[test]
fn each_part_of_the_nginx_configuration_sets_or_removes_what_only_a_proxy_may_write() {
    let text = configuration("nginx.conf", &[]);
    // The server, then its locations. One that sets a header inherits none.
    let parts: Vec<_> = text.split("\n    location ").collect();
    assert!(parts.len() == 3 && parts[0].contains("proxy_set_header"), "{} parts", parts.len());
    for part in parts.iter().filter(|part| part.contains("proxy_set_header")) {
        for name in OF_PROXIES.iter().chain(&["Connection", "Host"]) {
            assert!(part.contains(&format!("proxy_set_header {name} ")), "no {name} in:\n{part}");
        }
    }
}

#[test]
fn varnish_removes_what_only_a_proxy_may_write() {
    let text = configuration("varnish.vcl", &[]);
    // Varnish adds the client to this one by itself.
    for name in OF_PROXIES.iter().filter(|name| **name != "X-Forwarded-For") {
        assert!(text.contains(&format!("    unset req.http.{name};\n")), "{name}");
    }
}

fn client() -> Client {
    Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap()
}

/// Looks on from a cursor, as a browser does, with the cookie that it has, until it has seen so many bullets. It asks
/// again at once: a cache that gave an old answer again would be asked without end.
async fn look_on(client: Client, url: String, viewer: u32, mut cursor: String) {
    let mut seen = 0;
    while seen < MESSAGES {
        let request = client.get(format!("{url}/feed?limit=500&wait=5&after={cursor}"));
        let cookie = format!("barrage_device={viewer:032x}");
        let answer = request.header("cookie", cookie).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let feed: Value = answer.json().await.unwrap();
        let passed = feed["passed"].as_u64().unwrap();
        assert_eq!(feed["bullets"].as_array().unwrap().len() as u64, passed);
        seen += passed;
        cursor = feed["cursor"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen, MESSAGES, "a bullet came twice");
}

/// How many requests came to the homepage and how many bodies it has made, while so many viewers saw all messages.
async fn cost(stack: &Stack, cache: &Cache, viewers: u32) -> (f64, f64) {
    let count = async |series: &str| stack.metric(HOMEPAGE, series).await;
    let costs = async || {
        (count("homepage_feed_requests_total").await, count("homepage_feed_bodies_total").await)
    };
    let before = costs().await;
    let (client, mut all) = (client(), JoinSet::new());
    // Of this moment: the cache may still have an answer from before the last viewers.
    let cursor = stack.feed(None, 1).await.cursor;
    for viewer in 0..viewers {
        all.spawn(look_on(client.clone(), cache.url.clone(), viewer, cursor.clone()));
    }
    // While nothing happens, all of them wait for one answer.
    eventually("viewers wait", async || count("homepage_feed_waiting_viewers").await > 0.0).await;
    for n in 0..MESSAGES {
        let ticks = count("homepage_feed_ticks_total").await;
        stack.post_message(&format!("for {viewers}: {n}")).await;
        eventually("the news is told, and somebody waits for the next", async || {
            let waiting = count("homepage_feed_waiting_viewers").await;
            assert!(waiting <= f64::from(FEW), "{waiting} requests wait at the homepage");
            // With the last message they have seen all, and leave.
            let is_last = n + 1 == MESSAGES;
            count("homepage_feed_ticks_total").await > ticks && (waiting > 0.0 || is_last)
        })
        .await;
    }
    all.join_all().await;
    let after = costs().await;
    (after.0 - before.0, after.1 - before.1)
}

/// 20 times as many viewers cost the homepage no more than a few, apart from chance.
async fn assert_crowd_is_cheap(stack: &Stack, cache: &Cache) {
    let few = cost(stack, cache, FEW).await;
    let crowd = cost(stack, cache, CROWD).await;
    assert!(crowd.0 <= few.0 * 2.0 + 5.0, "requests: {few:?} and {crowd:?}");
    assert!(crowd.1 <= few.1 * 2.0 + 5.0, "bodies: {few:?} and {crowd:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_behind_nginx_costs_the_homepage_no_more_than_a_few() {
    let stack = Stack::start().await;
    if let Some(cache) = nginx(&stack).await {
        assert_crowd_is_cheap(&stack, &cache).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_behind_varnish_costs_the_homepage_no_more_than_a_few() {
    let stack = Stack::start().await;
    if let Some(cache) = varnish(&stack).await {
        assert_crowd_is_cheap(&stack, &cache).await;
    }
}
