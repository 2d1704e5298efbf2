//! What a service says of itself at `/metrics`: the text format of Prometheus.

use std::{collections::HashMap, time::Duration};

use reqwest::{Client, header::HeaderValue};

use crate::{
    base_url::BaseUrl,
    http::{self, Error, Url},
    trust::Trust,
};

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

    /// The sum of all series of a name, whatever their labels; 0 without any.
    pub fn sum(&self, name: &str) -> f64 {
        let is_of = |series: &str| series.split('{').next() == Some(name);
        self.0.iter().filter(|(series, _)| is_of(series)).map(|(_, value)| value).sum()
    }
}

/// Reads the metrics of the services of a barrage.
#[derive(Clone, Debug)]
pub struct Scraper {
    client: Client,
    barrage: Url,
    authorization: Option<HeaderValue>,
}

impl Scraper {
    /// One that waits so long for each answer. It logs in where the barrage itself answers, and nowhere else.
    pub fn new(barrage: &BaseUrl, trust: &Trust, timeout: Duration) -> reqwest::Result<Self> {
        let client = http::far_client(timeout, trust)?;
        let authorization = barrage.authorization();
        Ok(Self { client, barrage: barrage.url().clone(), authorization })
    }

    pub async fn scrape(&self, url: &Url) -> Result<Metrics, Error> {
        let is_same = url.origin() == self.barrage.origin();
        let authorization = self.authorization.as_ref().filter(|_| is_same);
        let request = http::authorized(self.client.get(url.clone()), authorization);
        Ok(Metrics::parse(&http::success(request).await?.text().await?))
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

    #[test]
    fn the_series_of_a_name_are_added_whatever_their_labels() {
        let text =
            "calls{address=\"http://a:1\"} 3\ncalls{address=\"http://b:1\"} 4\ncalls_allowed 9\n";
        let metrics = Metrics::parse(text);
        assert_eq!((metrics.sum("calls"), metrics.sum("records")), (7.0, 0.0));
    }
}
