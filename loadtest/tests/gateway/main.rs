//! The load tester measures a barrage behind a gateway: with TLS, below a path, with user and password.

#![expect(clippy::unwrap_used, reason = "what cannot be done fails the test that needs it")]

mod gateway;

use std::{
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::gateway::{BASIC, Gateway, IN_URL, PASSWORD};

/// Longer than any of these runs takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// The program without a variable of ours.
fn loadtest() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command.env_remove("BARRAGE_URL").env_remove("SSL_CERT_FILE").kill_on_drop(true);
    command
}

/// Runs it to its end. Returns its exit code, and all that it has printed.
async fn run(command: &mut Command) -> (i32, String) {
    let child = command.stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } =
        tokio::time::timeout(DEADLINE, child).await.expect("it ends").unwrap();
    let text = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (status.code().unwrap(), text)
}

/// A folder with the gateway's certificate authority.
struct Files {
    folder: TempDir,
}

impl Files {
    fn of(gateway: &Gateway) -> Self {
        let files = Self { folder: TempDir::new().unwrap() };
        std::fs::write(files.authority(), &gateway.authority).unwrap();
        files
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn report(&self, extension: &str) -> PathBuf {
        self.folder.path().join(format!("report.{extension}"))
    }

    /// The texts of both reports.
    fn reports(&self) -> String {
        ["json", "html"].map(|it| std::fs::read_to_string(self.report(it)).unwrap()).concat()
    }
}

/// Panics if a text has the password in any of its forms.
fn assert_no_password(text: &str) {
    for secret in [PASSWORD, IN_URL, BASIC, "se%40cret", "s3cr3t"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn a_barrage_behind_a_gateway_is_measured_below_its_path() {
    let gateway = Gateway::start().await;
    let files = Files::of(&gateway);
    let url = format!("https://{IN_URL}@localhost:{}/barrage", gateway.tls.port());
    let (json, html) = (files.report("json"), files.report("html"));
    let mut command = loadtest();
    command.env("BARRAGE_URL", url).args(["--stages", "50:1", "--viewers", "2"]);
    command.arg("--ca").arg(files.authority()).arg("--json").arg(&json).arg("--html").arg(&html);
    let (code, text) = run(&mut command).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("HOLDS: each of the 50 accepted messages"), "{text}");
    assert_eq!((gateway.accepted(), gateway.refused()), (50, Vec::new()));
    assert_no_password(&(text + &files.reports()));

    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let url = format!("https://localhost:{}/barrage/", gateway.tls.port());
    assert_eq!((&report["url"], &report["accepts_any_certificate"]), (&url.into(), &false.into()));
    assert_eq!(report["sending"]["failures"].as_array().unwrap().len(), 0, "{report}");
}

#[tokio::test]
async fn the_authorities_of_this_system_are_accepted_and_others_are_not() {
    let gateway = Gateway::start().await;
    let files = Files::of(&gateway);
    let url = format!("https://{IN_URL}@localhost:{}/barrage", gateway.tls.port());
    let viewers = ["--mode", "viewers", "--stages", "1:1", "--viewers", "1"];
    let (code, text) = run(loadtest().arg(&url).args(viewers)).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("who issued it is not known here"), "{text}");
    assert!(text.contains("--ca FILE") && text.contains("--insecure"), "{text}");
    assert_no_password(&text);

    let mut command = loadtest();
    command.env("SSL_CERT_FILE", files.authority()).arg(&url).args(viewers);
    let (code, text) = run(&mut command).await;
    assert_eq!(code, 0, "{text}");
}

#[tokio::test]
async fn any_certificate_can_be_accepted_and_the_report_says_so() {
    let gateway = Gateway::start().await;
    let files = Files::of(&gateway);
    // The certificate is not for this address.
    let url = format!("https://ann@{}/barrage/", gateway.tls);
    let password = files.folder.path().join("password");
    std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let (json, html) = (files.report("json"), files.report("html"));
    let run_with = async |option: &str, value: Option<PathBuf>| {
        let mut command = loadtest();
        command.args([&url, "--mode", "viewers", "--stages", "1:1"]).arg(option).args(value);
        command.arg("--password-file").arg(&password);
        run(command.arg("--json").arg(&json).arg("--html").arg(&html)).await
    };
    let (code, text) = run_with("--ca", Some(files.authority())).await;
    assert!(code == 2 && text.contains("it is for another host"), "{text}");

    let (code, text) = run_with("--insecure", None).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("any certificate was accepted"), "{text}");
    let reports = files.reports();
    assert!(reports.contains(r#""accepts_any_certificate": true"#), "{reports}");
    assert!(reports.contains("<dt>certificate</dt>"), "{reports}");
    assert_no_password(&(text + &reports));
}

#[tokio::test]
async fn what_cannot_be_measured_is_told_in_one_line_without_a_password() {
    let gateway = Gateway::start().await;
    let (tls, plain) = (gateway.tls.port(), gateway.plain);
    let url = |path: &str| format!("http://{IN_URL}@{plain}{path}");
    for (url, named) in [
        (format!("http://{plain}/barrage"), "asks for a user and a password"),
        (format!("http://ann:wrong-s3cr3t@{plain}/barrage"), "refuses the user and the password"),
        (url("/moved"), "redirects to https://localhost/barrage/: use that URL"),
        (url("/login"), "redirects to https://login.host/form; if that is a page to log in"),
        (url("/down"), "502 Bad Gateway"),
        (url("/portal"), "page of its own"),
        (url(""), "is no barrage"),
        (url("/barrage?m=s3cr3t"), "query"),
        (format!("https://{IN_URL}@{plain}/barrage"), "is its URL http://?"),
        (format!("http://{IN_URL}@localhost:{tls}/barrage"), "is its URL https://?"),
        (format!("https://ann:se@cret/word@localhost:{tls}/barrage"), "%2F"),
        (format!("{IN_URL}@localhost:{tls}/barrage"), "…@localhost"),
    ] {
        for by_variable in [true, false] {
            let mut command = loadtest();
            let command = match by_variable {
                true => command.env("BARRAGE_URL", &url),
                false => command.arg(&url),
            };
            let (code, text) = run(command).await;
            assert!(
                code == 2 && text.contains(named) && text.lines().count() == 1,
                "{url}: {text}"
            );
            assert_no_password(&text);
        }
    }
}

#[tokio::test]
async fn wrong_usage_is_told_in_one_line_too() {
    let gateway = Gateway::start().await;
    let url = format!("http://{IN_URL}@{}/barrage", gateway.plain);
    let wrong: [(&[&str], &str); 7] = [
        (&[], "the URL of the barrage is missing"),
        (&["http://127.0.0.1:1"], "http://127.0.0.1:1/ cannot be reached"),
        (&[&url, "--mode", "viewers", "--viewers", "0"], "--viewers"),
        (&[&url, "--mode", "room"], "audience"),
        (&[&url, "--stages", "fast"], "500:30"),
        (&[&url, "--stack", "/no/such/stack.json"], "/no/such/stack.json"),
        (&[&url, "--json", "/no/such/folder/report.json"], "/no/such/folder"),
    ];
    for (options, named) in wrong {
        let (code, text) = run(loadtest().args(options)).await;
        assert!(code == 2 && text.lines().count() == 1, "{options:?}: {text}");
        assert!(text.contains(named), "{options:?}: {text}");
        assert_no_password(&text);
    }
}

#[tokio::test]
async fn a_host_with_several_addresses_is_reached_at_the_one_that_answers() {
    let gateway = Gateway::start().await;
    let url = format!("http://{IN_URL}@localhost:{}/barrage//", gateway.plain.port());
    let mut command = loadtest();
    let (code, text) = run(command.arg(url).args(["--mode", "viewers", "--stages", "1:1"])).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(gateway.refused(), Vec::<String>::new());
}

#[tokio::test]
async fn the_variable_changes_no_other_task_and_help_does_not_show_it() {
    let secret = "https://ann:s3cr3t@localhost";
    for (arguments, code) in [(vec!["schema"], 0), (vec!["compare", "/no/a", "/no/b"], 2)] {
        let (exit, text) = run(loadtest().env("BARRAGE_URL", secret).args(&arguments)).await;
        assert_eq!(exit, code, "{arguments:?}: {text}");
        assert_no_password(&text);
    }
    let (_, text) = run(loadtest().env("BARRAGE_URL", secret).arg("--help")).await;
    assert!(text.contains("BARRAGE_URL"), "{text}");
    assert_no_password(&text);
}
