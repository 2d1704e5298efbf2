//! English.

use super::{Pattern, Step, Translations};

pub(crate) const EN: Translations = Translations {
    tagline: "Kafka, gRPC and DynamoDB, one bullet at a time",
    stage_view: "Stage view",
    how_it_works: "How it works",
    connecting: "Connecting",

    messages: "Messages",
    newest_first: "Newest messages first.",
    message: "Message",
    time: "Time",
    processor: "Processor",
    sent_to_stored: "Sent to stored",

    close: "Close",
    message_id: "Message id",
    burst: "Burst",
    sent_to_shown: "Sent to shown",
    open_trace: "Open trace",

    greeting: "hello barrage",
    quiet: "The wall is quiet.",
    quiet_text: "Send the first message. It crosses Kafka, the router and a processor that may have to wake up \
                 first, then it flies past here.",
    try_this: "Try",
    hello_once: "Say hello once",
    twenty_senders: "20 senders, 30 s",
    load_test: "Load test: 100 senders, 60 s",
    qr: Pattern("QR code of {}"),
    join: "Join from a phone",
    scan: "Scan to send yours",
    only_here: "Only this machine can open this address",
    steps: STEPS,

    processors: "Processors",
    no_processors: "Processors: 0",
    show_wall: "Show the moving wall",
    list_stands_still: "Without JavaScript this list stands still.",
    reload: "Reload",
    wall: "Wall",
    pause: "Pause",
    hide: "Hide",
    list: "List",

    send_a_burst: "Send a burst",
    characters: Pattern("1 to {} characters"),
    concurrency: "Concurrency",
    duration: "Duration",
    range: Pattern("1 to {}"),
    send: "Send",
    hint: "All senders repeat this message until the time is over.",
    accepted: "Accepted",
    stored: "Stored",
    shown: "Shown",
    stop: "Stop burst",

    invalid_message: Pattern("Type a message, 1 to {} characters."),
    invalid_number: Pattern("Whole number, 1 to {}."),
    total_rate_too_high: Pattern("Concurrency times rate, at most {} messages per second."),
    invalid_rate: Pattern("Nothing was sent. Rate of each sender: {}"),
    nothing_sent: Pattern("Nothing was sent. Correct the marked fields, your values are kept."),
    too_much: Pattern("Too much is sent now. Try again in {} s."),
    kafka_away: Pattern("Kafka does not accept messages now. Try again in {} s."),

    since_opened: "Since this page opened",
    waiting: "Waiting",
    per_second: "Messages per second",
    key_sent: "sent",
    key_shown: "shown",
    latency: "Latency, sent to stored",
    processors_at_work: "Processors at work",
    no_data: "No data yet",

    how_numbers: "Accepted: Kafka has it. Waiting: accepted, but not finished. Stored: its row exists. Shown: a \
                  bullet here stands for it.",
    api: "The API, for programs",
    metrics: "The numbers, for Prometheus",
};

const STEPS: [Step; 6] = [
    Step {
        name: "Your browser",
        does: "sends",
        why: "asks the homepage for a burst. Each of its senders repeats the message, and waits for Kafka's \
              word before the next one.",
    },
    Step {
        name: "Kafka",
        does: "accepts",
        why: "keeps each message until a processor has stored it. So nothing is lost when a part dies: it \
              waits here.",
    },
    Step {
        name: "Router",
        does: "gRPC",
        why: "reads what has come, and hands it on in batches to the processor with the fewest calls. It tells \
              Kafka that a message is done only when it is.",
    },
    Step {
        name: "Processors",
        does: "0 to N",
        why: "check each message and write it down. They remember nothing, so there may be none or many of \
              them, as the load wants. Each has a colour and a shape on the wall.",
    },
    Step {
        name: "Table",
        does: "stores",
        why: "has one row for each message, under its place in Kafka. So writing it twice changes nothing, and \
              nothing is shown twice.",
    },
    Step {
        name: "This wall",
        does: "shows",
        why: "asks for what is new and lets it fly past. Equal messages of one processor fly as one: ×24 stands \
              for 24 of them.",
    },
];
