//! What a service says of itself at `/metrics`: the text format of Prometheus.

use std::{collections::HashMap, time::Duration};

use reqwest::Client;

use crate::http::{self, Error, Url};

/// The values of one answer, by their series: a name with its labels as the service writes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(HashMap<String, f64>);

impl Metrics {
    /// Lines that are no values, such as comments, are left out.
    pub fn parse(text: &str) -> Self {
        let value = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        };
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(value).collect())
    }

    /// `None` where the service does not have the series yet.
    pub fn get(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }
}

/// Reads the metrics of any service.
#[derive(Clone, Debug)]
pub struct Scraper(Client);

impl Scraper {
    /// One that waits so long for each answer.
    pub fn new(timeout: Duration) -> reqwest::Result<Self> {
        http::client(timeout).map(Self)
    }

    pub async fn scrape(&self, url: &Url) -> Result<Metrics, Error> {
        let text = http::success(self.0.get(url.clone())).await?.text().await?;
        Ok(Metrics::parse(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name_with_its_labels() {
        let metrics = Metrics::parse(
            "# HELP calls Calls. 7\ncalls 3\nrecords_total{outcome=\"stored\",of=\"a b\"} 1.5\n\nhalf\n",
        );
        assert_eq!(metrics.get("calls"), Some(3.0));
        assert_eq!(metrics.get(r#"records_total{outcome="stored",of="a b"}"#), Some(1.5));
        assert_eq!(metrics.get("records_total"), None);
        assert_eq!(metrics.get("# HELP calls Calls."), None);
    }
}
