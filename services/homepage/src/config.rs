//! The homepage's variables, and the configuration that is read from them.

use std::num::NonZeroU32;
use std::time::Duration;

use barrage::config::{self, Faults, Listen, Reader, Secret, Variable, Vars};
use barrage::{kafka, table, telemetry};

use crate::launcher::LauncherUrl;
use crate::page::base_path::BasePath;
use crate::page::public_url::PublicUrl;
use crate::page::trace_ui::TraceUi;
use crate::proxies::TrustedProxies;

const MAX_BURSTS: Variable = Variable::new(
    "MAX_BURSTS",
    "20",
    "1 to 1000",
    "The maximum number of bursts that run at the same time. One device gets a quarter of them, and one address leaves an eighth to others. A burst of one message does not count.",
);
const MAX_RATE: Variable = Variable::new(
    "MAX_RATE",
    "100000",
    "messages per second, 1 to 10000000",
    "The maximum rate of all running bursts together. When it is used up, a client that has no burst running may still begin one of a hundredth of it.",
);
const MAX_CLIENT_RATE: Variable = Variable::new(
    "MAX_CLIENT_RATE",
    "100",
    "requests per second, 1 to 1000000",
    "For each client address: the maximum rate of sends, and of requests that the table must answer: for single messages, results, and bursts of other homepages. An IPv6 network of 64 bits has ten times as much, and so have the single messages of all devices of an address.",
);
const MESSAGE_COOLDOWN_MS: Variable = Variable::new(
    "MESSAGE_COOLDOWN_MS",
    "2000",
    "milliseconds, 0 to 60000",
    "How long a device waits between two single messages. 0: it need not wait.",
);
const TRUSTED_PROXIES: Variable = Variable::optional(
    "TRUSTED_PROXIES",
    "IP addresses and networks like 10.0.0.0/8, separated by commas",
    "The proxies whose Forwarded, X-Forwarded-For, -Proto and -Host are believed, and whose traceparent decides about sampling.",
);
const TRACE_NAME1: Variable = Variable::new(
    "TRACE_NAME1",
    "sender",
    "a service name",
    "The service name in the spans of sending.",
);
const TRACE_NAME3: Variable = Variable::new(
    "TRACE_NAME3",
    "result",
    "a service name",
    "The service name in the spans of reading results.",
);
const PARENT_SPAN: Variable = Variable::new(
    "PARENT_SPAN",
    "barrage-sender",
    "a span name",
    "The name of the span that accepts a message: the root of its trace, or below the span of the caller.",
);
const SUB_SPAN1: Variable = Variable::new(
    "SUB_SPAN1",
    "sender",
    "a span name",
    "The name of the span that sends the record to Kafka.",
);
const SUB_SPAN2: Variable = Variable::new(
    "SUB_SPAN2",
    "result",
    "a span name",
    "The name of the span that reads the row and shows the bullet.",
);
const PUBLIC_URL: Variable = Variable::optional(
    "PUBLIC_URL",
    "an http:// or https:// URL, its path none or that of BASE_PATH, at most 200 characters",
    "The URL of the page in its QR code. If unset: the URL that the browser has opened.",
);
const BASE_PATH: Variable = Variable::new(
    "BASE_PATH",
    "/",
    "a path as /barrage/, of a-z A-Z 0-9 - . _ ~ /, not one of the API's",
    "Where the page lives behind a gateway, which may keep the path or strip it. With /, the path of PUBLIC_URL counts.",
);
const TRACE_UI: Variable = Variable::optional(
    "TRACE_UI",
    "an http:// or https:// URL",
    "The URL of a trace in the tracing UI. {trace} is the trace ID; without it, /trace/{trace} is appended.",
);
const DEMO_CONTROLS: Variable = Variable::new(
    "DEMO_CONTROLS",
    "false",
    "true or false",
    "Whether the page may start loads, and have the launcher scale and break parts: from this machine, or with LAUNCHER_TOKEN.",
);
const LAUNCHER_URL: Variable = Variable::optional(
    "LAUNCHER_URL",
    "an http:// URL",
    "The launcher of cargo demo, which scales the processors.",
);
const LAUNCHER_TOKEN: Variable = Variable::optional(
    "LAUNCHER_TOKEN",
    "a token, required with LAUNCHER_URL",
    "What the launcher accepts from the homepage, and the homepage from a page on another machine.",
)
.secret();

#[derive(Clone, Debug)]
pub struct Config {
    pub listen: Listen,
    pub kafka: kafka::Config,
    pub table: table::Config,
    pub telemetry: telemetry::Config,
    pub(crate) limits: Limits,
    pub(crate) proxies: TrustedProxies,
    pub(crate) traces: TraceNames,
    pub(crate) page: Page,
    pub(crate) demo: Demo,
}

/// The limits of what people may send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most bursts that run at once.
    pub(crate) bursts: usize,
    /// The most messages per second of all running bursts together.
    pub(crate) rate: u64,
    /// The most sends per second of one client address, and its most requests for single messages.
    pub(crate) client_rate: NonZeroU32,
    /// How long a device waits between two messages; zero for no time.
    pub(crate) cooldown: Duration,
}

/// What a demo allows, and who does it.
#[derive(Clone, Debug)]
pub(crate) struct Demo {
    /// Whether the page has controls.
    pub(crate) controls: bool,
    pub(crate) launcher: Option<LauncherUrl>,
    pub(crate) token: Option<Secret>,
}

/// The article's names of services and spans.
#[derive(Clone, Debug)]
pub(crate) struct TraceNames {
    pub(crate) sender: String,
    pub(crate) result: String,
    pub(crate) parent_span: String,
    pub(crate) send_span: String,
    pub(crate) result_span: String,
}

/// Where people reach the page, and URLs outside of the homepage that it shows.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// What every address of the homepage begins with.
    pub(crate) base_path: BasePath,
    /// Where people reach the page.
    pub(crate) public_url: Option<PublicUrl>,
    /// Where traces are looked at.
    pub(crate) trace_ui: Option<TraceUi>,
}

impl Config {
    /// # Errors
    /// All problems of the variables at once.
    pub fn parse(vars: &Vars) -> Result<Self, Faults> {
        config::parse(vars, Self::read)
    }

    /// The variables that it reads, for `--help`.
    pub fn variables() -> Vec<Variable> {
        config::variables_of(Self::read)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let listen = Listen::read(reader);
        let kafka = kafka::Config::read(reader, "homepage");
        let table = table::Config::read(reader);
        let telemetry = telemetry::Config::read(reader);
        let traces = TraceNames::read(reader);
        let limits = Limits::read(reader);
        let proxies = reader.read_optional(&TRUSTED_PROXIES);
        let page = Page::read(reader);
        let demo = Demo::read(reader);
        Some(Self {
            listen: listen?,
            kafka: kafka?,
            table: table?,
            telemetry: telemetry?,
            limits: limits?,
            proxies: proxies?.unwrap_or_default(),
            traces: traces?,
            page: page?,
            demo: demo?,
        })
    }
}

impl Limits {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let bursts = reader.read_if(&MAX_BURSTS, |n| (1..=1000).contains(n));
        let rate = reader.read_if(&MAX_RATE, |n| (1..=10_000_000).contains(n));
        let client_rate = reader.read_if(&MAX_CLIENT_RATE, |n: &NonZeroU32| n.get() <= 1_000_000);
        let cooldown = reader.read_if(&MESSAGE_COOLDOWN_MS, |millis| *millis <= 60_000);
        let cooldown = Duration::from_millis(cooldown?);
        Some(Self { bursts: bursts?, rate: rate?, client_rate: client_rate?, cooldown })
    }
}

impl Demo {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let controls = reader.read(&DEMO_CONTROLS);
        let launcher = reader.read_optional(&LAUNCHER_URL);
        let token = reader.read_optional(&LAUNCHER_TOKEN);
        let (launcher, token) = (launcher?, token?);
        if launcher.is_some() && token.is_none() {
            reader.fault(&LAUNCHER_TOKEN);
            return None;
        }
        Some(Self { controls: controls?, launcher, token })
    }
}

impl Page {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let public_url = reader.read_optional(&PUBLIC_URL);
        let base_path = reader.read(&BASE_PATH);
        let trace_ui = reader.read_optional(&TRACE_UI);
        let Some((public_url, base_path)) = agreed(public_url?, base_path?) else {
            reader.fault(&PUBLIC_URL);
            return None;
        };
        Some(Self { base_path, public_url, trace_ui: trace_ui? })
    }
}

/// Both with the same path, if only one of them has a path, or both the same.
fn agreed(public: Option<PublicUrl>, base: BasePath) -> Option<(Option<PublicUrl>, BasePath)> {
    let Some(public) = public else {
        return Some((None, base));
    };
    let path = public.path()?;
    if base.is_root() || path == base {
        return Some((Some(public), path));
    }
    path.is_root().then_some((Some(public.below(&base)?), base))
}

impl TraceNames {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let sender = reader.read(&TRACE_NAME1);
        let result = reader.read(&TRACE_NAME3);
        let parent_span = reader.read(&PARENT_SPAN);
        let send_span = reader.read(&SUB_SPAN1);
        let result_span = reader.read(&SUB_SPAN2);
        Some(Self {
            sender: sender?,
            result: result?,
            parent_span: parent_span?,
            send_span: send_span?,
            result_span: result_span?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: [(&str, &str); 4] = [
        ("KAFKA_SERVER", "k:9092"),
        ("OTS_ENDPOINT", "http://t:8000"),
        ("OTS_KEYID", "k"),
        ("OTS_SECRET", "s"),
    ];

    fn parse(more: &[(&str, &str)]) -> Result<Config, Faults> {
        Config::parse(&Vars::from_iter(BASE.iter().chain(more).copied()))
    }

    #[test]
    fn the_names_of_spans_are_the_articles_unless_they_are_set() {
        assert_eq!(parse(&[]).unwrap().traces.parent_span, "barrage-sender");
        assert_eq!(parse(&[("SUB_SPAN2", "seen")]).unwrap().traces.result_span, "seen");
    }

    #[test]
    fn the_page_has_one_path_and_either_variable_may_say_it() {
        let page = |url: &str, path: &str| {
            let page = parse(&[("PUBLIC_URL", url), ("BASE_PATH", path)]).ok()?.page;
            Some((page.public_url?.as_str().to_owned(), page.base_path.to_string()))
        };
        let expected = Some(("https://a.example/b".to_owned(), "/b/".to_owned()));
        for (url, path) in [
            ("https://a.example/b", ""),
            ("https://a.example/b/", "/"),
            ("https://a.example/b/", "/b"),
            ("https://a.example", "/b/"),
        ] {
            assert_eq!(page(url, path), expected, "{url} {path}");
        }
        assert_eq!(page("https://a.example/b", "/c/"), None);
        assert_eq!(parse(&[]).unwrap().page.base_path.to_string(), "/");
    }

    #[test]
    fn each_wrong_value_names_its_variable() {
        for (variable, value) in [
            ("MAX_BURSTS", "0"),
            ("MAX_RATE", "fast"),
            ("MAX_CLIENT_RATE", "0"),
            ("MESSAGE_COOLDOWN_MS", "60001"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("PUBLIC_URL", "barrage.example"),
            ("BASE_PATH", "barrage"),
            ("TRACE_UI", "jaeger:16686"),
            ("HOST", "localhost"),
            ("INSTANCE", "a b"),
            ("SHUTDOWN_GRACE", "-1"),
            ("TRACE_SAMPLE", "2"),
            ("LOG_FORMAT", "xml"),
            ("RUST_LOG", "a=b=c"),
            ("DEMO_CONTROLS", "yes"),
            ("LAUNCHER_URL", "127.0.0.1:4000"),
        ] {
            let faults = parse(&[(variable, value)]).unwrap_err().0;
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].variable, variable);
        }
    }

    #[test]
    fn a_launcher_needs_a_token_and_the_token_is_never_printed() {
        let url = ("LAUNCHER_URL", "http://127.0.0.1:4000");
        let faults = parse(&[url]).unwrap_err().0;
        assert_eq!((faults.len(), faults[0].variable), (1, "LAUNCHER_TOKEN"));
        let config = parse(&[url, ("LAUNCHER_TOKEN", "hush")]).unwrap();
        assert!(config.demo.launcher.is_some() && !config.demo.controls);
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn all_missing_variables_are_reported_together() {
        let faults = Config::parse(&Vars::default()).unwrap_err();
        let names: Vec<_> = faults.0.iter().map(|fault| fault.variable).collect();
        assert_eq!(names, ["KAFKA_SERVER", "OTS_ENDPOINT", "OTS_KEYID", "OTS_SECRET"]);
    }
}
