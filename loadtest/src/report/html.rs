//! The report as one HTML file that needs no network and no other file.

mod charts;
mod events;
mod lines;
mod tables;

use askama::Template;
use serde::Serialize;

use self::{
    charts::{Chart, charts},
    events::{Event, events},
    tables::{Fact, Line, Percentiles, Tile},
};
use super::Report;

const PLOT_SCRIPT: &str = include_str!("../../../web/vendor/uplot/uPlot.iife.min.js");
const PLOT_STYLE: &str = include_str!("../../../web/vendor/uplot/uPlot.min.css");
const SCRIPT: &str = include_str!("../../templates/report.js");
const STYLE: &str = include_str!("../../templates/report.css");
const CHART_STYLE: &str = include_str!("../../templates/charts.css");

/// The page of a longer run has no table of every second; its JSON has them.
const SECONDS_IN_FULL: usize = 900;

/// The values that the template `report.html` shows.
#[derive(Debug, Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    verdict: &'static str,
    began: String,
    took: String,
    ledger: Vec<Line>,
    tiles: Vec<Tile>,
    latencies: Vec<Percentiles>,
    events: Vec<Event>,
    charts: Vec<Chart>,
    plan: Vec<Fact>,
    environment: Vec<Fact>,
    timeline: Vec<[String; tables::TIMELINE.len()]>,
    figures: String,
}

/// The values that the script `report.js` draws.
#[derive(Serialize)]
struct Figures<'a> {
    at: Vec<f64>,
    charts: &'a [Chart],
    events: &'a [Event],
}

/// The text of the file. Fails when a figure is no number that JSON has.
pub(crate) fn render(report: &Report) -> anyhow::Result<String> {
    let (charts, events) = (charts(report), events(&report.seconds));
    let at = report.seconds.iter().map(|second| lines::rounded(second.at)).collect();
    let in_full = report.seconds.len() <= SECONDS_IN_FULL;
    let figures = Figures { at, charts: &charts, events: &events };
    let page = Page {
        report,
        verdict: report.verdict().word(),
        began: format!("{:.0}", report.started_at),
        took: format!("{:.1} s", report.took_s),
        ledger: tables::ledger(&report.ledger),
        tiles: tables::tiles(report),
        latencies: tables::latencies(&report.latency),
        plan: tables::plan(report),
        environment: tables::environment(report),
        timeline: if in_full { tables::timeline(&report.seconds) } else { Vec::new() },
        figures: island(&serde_json::to_string(&figures)?),
        events,
        charts,
    };
    Ok(page.render()?)
}

/// JSON for a script element: nothing in it can end the element.
fn island(json: &str) -> String {
    json.replace('<', "\\u003c")
}

impl Page<'_> {
    fn styles(&self) -> [&'static str; 3] {
        [PLOT_STYLE, STYLE, CHART_STYLE]
    }

    fn scripts(&self) -> [&'static str; 2] {
        [PLOT_SCRIPT, SCRIPT]
    }

    fn timeline_names(&self) -> &'static [&'static str] {
        &tables::TIMELINE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_page_begins_with_the_verdict_and_has_all_figures() {
        let page = render(&sample::report()).unwrap();
        let body = page.split_once("<body>").unwrap().1;
        let verdict = body.find("HOLDS").unwrap();
        for later in ["1,000", "p99&#60;200ms", "429 Too Many Requests", "raise MAX_CLIENT_RATE"] {
            assert!(body.find(later).is_some_and(|at| at > verdict), "{later}");
        }
    }

    #[test]
    fn a_run_that_accepted_any_certificate_says_so() {
        let mut report = sample::report();
        assert!(!render(&report).unwrap().contains("--insecure"));
        report.accepts_any_certificate = true;
        assert!(render(&report).unwrap().contains("--insecure"));
    }

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        let page = render(&sample::report()).unwrap();
        let own = page.replace(PLOT_SCRIPT, "").replace("http://127.0.0.1:8080/", "");
        for outside in ["http:", "https:", "src=", "url(", "@import", "<link rel=\"stylesheet"] {
            assert!(!own.contains(outside), "{outside}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn no_text_of_a_report_becomes_markup() {
        const EVIL: &str = "</script><img src=x onerror=alert(1)>\"'&";
        let mut report = sample::report();
        report.url = EVIL.into();
        report.ledger.missing = vec![EVIL.into()];
        report.environment.system = EVIL.into();
        report.environment.cpu = Some(EVIL.into());
        report.expectations[0].text = EVIL.into();
        report.sending.failures[0].kind = EVIL.into();
        report.sending.failures[0].request = EVIL.into();
        report.sending.failures[0].hint = Some(EVIL.into());
        let processes = report.seconds.iter_mut().flat_map(|second| &mut second.processes);
        processes.for_each(|process| process.name = EVIL.into());
        report.seconds[1].processes[0].restarts = 1;
        let page = render(&report).unwrap();
        assert!(!page.contains("<img"), "markup of a report is on the page");
        assert_eq!(page.matches("</script>").count(), 3, "the three scripts end where they end");
    }

    #[test]
    fn our_scripts_and_styles_do_not_end_their_element() {
        for text in [PLOT_SCRIPT, PLOT_STYLE, SCRIPT, STYLE, CHART_STYLE] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
    }

    #[test]
    fn a_run_without_measurements_has_a_page() {
        let mut report = sample::report();
        report.seconds.clear();
        report.latency = crate::report::Latencies::default();
        report.viewers = None;
        report.expectations.clear();
        report.sending.failures.clear();
        report.plan.modes.clear();
        assert!(render(&report).unwrap().contains("</html>"));
    }
}
