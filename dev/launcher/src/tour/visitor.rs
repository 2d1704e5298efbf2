//! What the tour does on the homepage, by the API that is open to everybody: it sends, and looks at the pipeline. A
//! homepage that does not answer, or refuses, is asked again.

use std::time::Duration;

use client::{answers::Burst, eventually::ticks, homepage::Homepage, pipeline::Pipeline};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{interval, timeout},
};
use tokio_util::sync::CancellationToken;

/// How often the homepage is asked how things are, and how long an answer may take.
const LOOK: Duration = Duration::from_millis(500);
const ANSWER: Duration = Duration::from_secs(2);

/// After how many seconds a request is sent again, unless the homepage says it. It may say as many as the last one.
const AGAIN: (u64, u64) = (1, 5);

/// How long the homepage may need to stop a burst. After that it is left to end by itself.
const STOP: Duration = Duration::from_secs(10);

/// How things are, by what the homepage says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook {
    /// How many messages wait, if it is known.
    pub(super) waiting: Option<u64>,
    /// Whether each part answers.
    pub(super) is_whole: bool,
}

impl Outlook {
    fn of(pipeline: &Pipeline) -> Self {
        Self { waiting: pipeline.waiting, is_whole: pipeline.down.is_empty() }
    }
}

/// Publishes how things are, `None` where the homepage does not say it. Ends when nobody listens any more.
pub(super) async fn look(homepage: Homepage, outlook: watch::Sender<Option<Outlook>>) {
    let mut due = ticks(LOOK);
    while !outlook.is_closed() {
        due.tick().await;
        let answer = timeout(ANSWER, homepage.pipeline()).await.ok().and_then(Result::ok);
        outlook.send_replace(answer.as_ref().map(Outlook::of));
    }
}

/// Sends one message, and says when it is accepted. Gives up at `end`.
pub(super) async fn send_message(
    homepage: Homepage,
    text: &'static str,
    sent: watch::Sender<bool>,
    end: CancellationToken,
) {
    let body = json!({ "message": text });
    if until_accepted(&homepage, "/messages", &body, &end).await.is_some() {
        sent.send_replace(true);
    }
}

/// Sends bursts, and says when all of their messages are finished. Stops those that run at `end`.
pub(super) async fn send_bursts(
    homepage: Homepage,
    bodies: impl Iterator<Item = Value>,
    ended: watch::Sender<bool>,
    end: CancellationToken,
) {
    let mut running = Vec::new();
    for body in bodies {
        // A request that has been sent is waited for: its burst must be known, so that it can be stopped.
        let Some(burst) = until_accepted(&homepage, "/bursts", &body, &end).await else { break };
        match serde_json::from_value::<Burst>(burst) {
            Ok(burst) => running.push(burst),
            Err(error) => process::log::tell(format_args!("the tour cannot stop a burst: {error}")),
        }
    }
    if end.run_until_cancelled(until_ended(&homepage, &mut running)).await.is_some() {
        ended.send_replace(true);
        return;
    }
    let stopping: JoinSet<_> =
        running.into_iter().map(|burst| stop(homepage.clone(), burst)).collect();
    stopping.join_all().await;
}

/// Posts this again and again, and says once what is wrong. Returns the body of the answer; `None` at `end`.
async fn until_accepted(
    homepage: &Homepage,
    path: &str,
    body: &Value,
    end: &CancellationToken,
) -> Option<Value> {
    let mut said = String::new();
    while !end.is_cancelled() {
        let answer = homepage.post(path, "application/json", body.to_string()).await;
        let (trouble, pause) = match answer {
            Ok(answer) if answer.status.is_success() => return Some(answer.body),
            Ok(answer) => (format!("answers {}", answer.status), answer.retry_after),
            Err(error) => (format!("does not answer ({error})"), None),
        };
        if said != trouble {
            eprintln!("tour: the homepage {trouble}; it is asked again");
            said = trouble;
        }
        let pause = pause.unwrap_or_default().clamp(AGAIN.0, AGAIN.1);
        // Sooner at the end.
        _ = timeout(Duration::from_secs(pause), end.cancelled()).await;
    }
    None
}

/// Waits until all bursts have ended, and forgets each that has.
async fn until_ended(homepage: &Homepage, running: &mut Vec<Burst>) {
    let mut due = ticks(LOOK);
    while let Some(burst) = running.last() {
        let has_ended = match homepage.burst(&burst.id).await {
            Ok(burst) => burst.has_ended(),
            Err(error) => error.is_not_found(),
        };
        if has_ended {
            running.pop();
        } else {
            due.tick().await;
        }
    }
}

async fn stop(homepage: Homepage, burst: Burst) {
    let stopped = async {
        let mut due = interval(LOOK);
        loop {
            due.tick().await;
            let answer = homepage.delete_burst(&burst.id, burst.stop_token.as_deref()).await;
            // One that it does not know sends nothing.
            if answer.is_ok_and(|it| it.status.is_success() || it.status.as_u16() == 404) {
                return;
            }
        }
    };
    if timeout(STOP, stopped).await.is_err() {
        eprintln!("tour: the homepage did not stop the burst {}; it ends by itself", burst.id);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, sync::Arc};

    use axum::{
        Json, Router,
        extract::State,
        http::{HeaderMap, Method, StatusCode, Uri},
        response::IntoResponse as _,
    };
    use client::eventually::eventually;
    use parking_lot::Mutex;
    use tokio::net::TcpListener;

    use super::*;

    /// The statuses that come next for each method, then the last one again; and what was asked.
    #[derive(Debug, Default)]
    struct Said {
        posts: VecDeque<u16>,
        deletes: VecDeque<u16>,
        asked: Vec<String>,
    }

    /// A homepage whose bursts never end.
    async fn homepage(posts: &[u16], deletes: &[u16]) -> (Homepage, Arc<Mutex<Said>>) {
        let [posts, deletes] = [posts, deletes].map(|it| it.iter().copied().collect());
        let said = Arc::new(Mutex::new(Said { posts, deletes, asked: Vec::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let homepage = Homepage::new(listener.local_addr().unwrap()).unwrap();
        let answer = async |State(said): State<Arc<Mutex<Said>>>,
                            method: Method,
                            uri: Uri,
                            headers: HeaderMap| {
            let mut said = said.lock();
            let key = headers.get("authorization").map(|it| it.to_str().unwrap());
            let asked = format!("{method} {uri} {}", key.unwrap_or_default());
            said.asked.push(asked.trim_end().to_owned());
            let statuses = if method == Method::POST { &mut said.posts } else { &mut said.deletes };
            let last = statuses.len() == 1;
            let status = if last { statuses.front().copied() } else { statuses.pop_front() };
            let status = StatusCode::from_u16(status.unwrap()).unwrap();
            let id = said.asked.len().to_string();
            let mut burst = json!({ "accepted": 0, "failed": 0, "stored": 0, "blocked": 0 });
            burst["id"] = json!(id);
            burst["state"] = json!("running");
            burst["stop_token"] = json!(format!("key-{id}"));
            (status, Json(burst)).into_response()
        };
        let app = Router::new().fallback(answer).with_state(said.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (homepage, said)
    }

    #[tokio::test]
    async fn a_message_is_sent_again_until_the_homepage_takes_it() {
        let (homepage, said) = homepage(&[503, 429, 202], &[]).await;
        let (sent, is_sent) = watch::channel(false);
        send_message(homepage, "hi", sent, CancellationToken::new()).await;
        assert!(*is_sent.borrow());
        assert_eq!(said.lock().asked, ["POST /messages"; 3]);
    }

    #[tokio::test]
    async fn each_burst_that_has_begun_is_stopped_at_the_end() {
        // The second burst is refused all the time, and the first attempt to stop the first one fails.
        let (homepage, said) = homepage(&[202, 503], &[503, 202]).await;
        let (ended, has_ended) = watch::channel(false);
        let end = CancellationToken::new();
        let bodies = vec![json!({}); 2].into_iter();
        let sending = tokio::spawn(send_bursts(homepage, bodies, ended, end.clone()));
        eventually("the second one is refused", async || said.lock().asked.len() >= 2).await;
        end.cancel();
        sending.await.unwrap();
        assert!(!*has_ended.borrow());
        let asked = said.lock().asked.clone();
        let stops: Vec<_> = asked.iter().filter(|it| it.starts_with("DELETE")).collect();
        assert_eq!(stops, ["DELETE /bursts/1 Bearer key-1"; 2], "{asked:?}");
    }
}
