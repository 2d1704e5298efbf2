//! The variable `SINK`: where the processors are, and the lookup of their addresses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use barrage::retry::pause;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::address_file::AddressFile;
use super::url;
use crate::activity::PollPace;

/// The value of `SINK`, for example `http://a:8080,http://b:8080`, `dns:///processors:8080` or
/// `file:///run/barrage/processors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sink {
    Addresses(Vec<SinkAddress>),
    /// The absolute path of a file with one URL a line.
    File(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SinkAddress {
    Url(String),
    /// `host:port`, which stands for all addresses that the host has in DNS.
    Dns(String),
}

impl FromStr for Sink {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(path) = text.trim().strip_prefix("file://") {
            let names_a_file = Path::new(path).is_absolute() && !path.ends_with('/');
            return if names_a_file { Ok(Self::File(path.into())) } else { Err(()) };
        }
        let parts = text.split(',').map(|part| part.trim().parse());
        parts.collect::<Result<_, _>>().map(Self::Addresses)
    }
}

impl Sink {
    /// Whether it is usual that there is no processor: whoever writes a file scales to zero.
    pub(crate) fn may_be_none(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

impl FromStr for SinkAddress {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(name) = text.strip_prefix("dns:///") {
            let (host, port) = name.rsplit_once(':').ok_or(())?;
            let valid = !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok();
            return if valid { Ok(Self::Dns(name.to_owned())) } else { Err(()) };
        }
        url::parse(text).map(Self::Url)
    }
}

/// The time between two lookups of a name.
const INTERVAL: Duration = Duration::from_secs(5);

/// Until `stop`, sends the URLs of all processors whenever they change.
pub(crate) async fn resolve(
    sink: Sink,
    urls: watch::Sender<Vec<String>>,
    pace: PollPace,
    stop: CancellationToken,
) {
    let watch = async {
        match sink {
            Sink::Addresses(addresses) => look_up_all(&addresses, urls).await,
            Sink::File(path) => AddressFile::new(path).follow(urls, pace).await,
        }
    };
    let _stopped = stop.run_until_cancelled(watch).await;
}

/// If a lookup fails, the name keeps the addresses of the last lookup. Never returns.
async fn look_up_all(addresses: &[SinkAddress], urls: watch::Sender<Vec<String>>) {
    let mut known = vec![BTreeSet::new(); addresses.len()];
    loop {
        for (address, known) in addresses.iter().zip(&mut known) {
            address.look_up(known).await;
        }
        let all = known.iter().flatten().cloned().collect::<Vec<_>>();
        urls.send_if_modified(|before| {
            let changed = *before != all;
            before.clone_from(&all);
            changed
        });
        pause(INTERVAL).await;
    }
}

impl SinkAddress {
    async fn look_up(&self, known: &mut BTreeSet<String>) {
        match self {
            Self::Url(url) => drop(known.insert(url.clone())),
            Self::Dns(name) => match tokio::net::lookup_host(name).await {
                Ok(found) => *known = found.map(|address| format!("http://{address}")).collect(),
                Err(error) => tracing::warn!(name, %error, "{name} cannot be looked up"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::Activity;

    #[test]
    fn a_sink_is_a_list_of_urls_or_of_names() {
        let url = |url: &str| SinkAddress::Url(url.into());
        assert_eq!(
            "http://a:1, grpc://b:2/".parse(),
            Ok(Sink::Addresses(vec![url("http://a:1"), url("http://b:2")]))
        );
        let name = SinkAddress::Dns("p:80".into());
        assert_eq!("dns:///p:80".parse(), Ok(Sink::Addresses(vec![name])));
        for bad in
            ["", "a:1", "http://a:1,", "dns:///p", "dns://p:80", "https://a", "http://a/path"]
        {
            assert_eq!(bad.parse::<Sink>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn a_sink_may_be_one_file_by_its_absolute_path() {
        let sink = "file:///run/my barrage,1/processors";
        let path = "/run/my barrage,1/processors".into();
        assert_eq!(sink.parse(), Ok(Sink::File(path)));
        for bad in ["file://", "file://run/p", "file:///run/", "file:/p", "http://a:1,file:///p"] {
            assert_eq!(bad.parse::<Sink>(), Err(()), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_name_becomes_all_its_addresses() {
        let (sender, mut urls) = watch::channel(Vec::new());
        let stop = CancellationToken::new();
        let sink = "dns:///localhost:9,http://x:1".parse().unwrap();
        let pace = Activity::default().pace();
        let task = tokio::spawn(resolve(sink, sender, pace, stop.clone()));
        urls.changed().await.unwrap();
        assert!(urls.borrow().contains(&"http://127.0.0.1:9".to_owned()));
        assert!(urls.borrow().contains(&"http://x:1".to_owned()));
        stop.cancel();
        task.await.unwrap();
    }
}
