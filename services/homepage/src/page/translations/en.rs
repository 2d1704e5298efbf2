//! The texts of the pages in English, which the API's errors use as well.

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
    quiet_text: "Send the first message. It goes through Kafka, the router and a processor, which may have to \
                 start first. Then it flies past here.",
    try_this: "Try",
    hello_once: "Say hello once",
    twenty_senders: "20 senders, 30 s",
    load_test: "Load test: 100 senders, 60 s",
    qr: Pattern("QR code of {}"),
    join: "Join from a phone",
    scan: "Scan to send a message",
    only_here: "Only this machine can open this page",
    open_room: "To let the room in:",
    closes: "closes",
    steps: STEPS,

    processors: "Processors",
    no_processors: "Processors: –",
    show_wall: "Show the moving wall",
    list_is_static: "Without JavaScript this list does not update.",
    too_old: "This browser is too old for the moving wall, which needs Safari 16, Firefox 115 or Chrome 107. The form \
              works, but this list does not update.",
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

    invalid_message: Pattern("Type a message of 1 to {} characters."),
    invisible_message: "Nothing of it can be seen. Type at least one visible character.",
    message_too_long: Pattern("{} too many: at most {} characters."),
    invalid_name: Pattern("Type a name of 1 to {} characters, or none."),
    invisible_name: "Nothing of the name can be seen. Type at least one visible character, or none.",
    invalid_number: Pattern("Whole number, 1 to {}."),
    total_rate_too_high: Pattern("Concurrency times rate must be at most {} messages per second."),
    invalid_rate: Pattern("Nothing was sent. Rate of each sender: {}"),
    nothing_sent: Pattern("Nothing was sent. Correct the marked fields. Your values are kept."),
    sent: Pattern(
        "The burst has begun. It sends at most {} messages. Load the page again to see them in the list.",
    ),
    too_much: Pattern("Too many messages are being sent now. Try again in {} s."),
    cooldown: Pattern("You have just sent a message. Send the next one in {} s."),
    own_bursts: Pattern(
        "This device has as many bursts running as it may: {}. Try again in {} s, or stop one.",
    ),
    address_bursts: Pattern(
        "Your network has as many bursts running as it may: {}. Try again in {} s.",
    ),
    kafka_away: Pattern("Kafka does not accept messages now. Try again in {} s."),

    on_the_wall: "On the wall now",
    your_messages: "Your messages",
    your_name: "Name (optional)",
    name: "Name",
    emojis: "Emojis",
    everybody: "Everybody in the room can read it.",
    nothing_sent_yet: "Nothing was sent. Correct the marked fields.",
    too_soon: Pattern("Nothing was sent yet. Send again in {} s."),
    sent_one: "Your message was sent. It is on the wall in a moment.",

    since_opened: "Since this page opened",
    waiting: "Waiting",
    folded: "Folded",
    shown_latest: "Shown, 60 s",
    folded_latest: "Folded, 60 s",
    events: "Events",

    how_numbers: "Accepted: Kafka has the message. Waiting: accepted, but not finished yet. Stored: its row exists. \
                  Shown: it could be read here, by itself or in a bullet with ×. Folded: too many came at once, so the \
                  wall shows only how many; the results have it.",
    api: "API for programs",
    metrics: "Metrics for Prometheus",
};

const STEPS: [Step; 6] = [
    Step {
        name: "Your browser",
        why: "asks the homepage for a burst. Each sender of the burst repeats the message, and waits until Kafka \
              has it before the next one.",
    },
    Step {
        name: "Kafka",
        why: "keeps each message until a processor has stored it. If a part fails, the messages wait here, so \
              nothing is lost.",
    },
    Step {
        name: "Router",
        why: "reads new messages and sends them in batches to the processor with the fewest open calls. It tells \
              Kafka that a message is done only when it really is.",
    },
    Step {
        name: "Processors",
        why: "check each message and store it. They keep no state, so there can be none or many of them, as the \
              load requires. Each has its own colour and shape on the wall.",
    },
    Step {
        name: "Table",
        why: "has one row for each message. The key is the message's place in Kafka, so writing it twice changes \
              nothing, and nothing is shown twice.",
    },
    Step {
        name: "This wall",
        why: "loads new messages and lets them fly past. Equal messages fly as one bullet, on a full wall also those of \
              several processors: ×24 stands for 24 of them.",
    },
];
