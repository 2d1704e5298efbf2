// The texts of the page's scripts in English. The other languages have the same names.

import { counted, grouped } from "../text.js";

export const pill = { live: "Live", behind: "Live, behind", offline: "Offline" };

export const buttons = { send: "Send", sending: "Sending", stop: "Stop burst", stopping: "Stopping" };

export const fieldErrors = {
  message: (most, length) =>
    length > most ? `${length - most} too many. At most ${most} characters.` : `Type a message of 1 to ${most} characters.`,
  invisible: "Nothing of it can be seen. Type at least one visible character.",
  number: (most) => `Whole number, 1 to ${most}.`,
};

/** An error that only the server can find, as the server puts it. */
export const serverError = ({ detail }) => detail;

export const foldText = (n) => `+${grouped(n)} more`;

/** Marks a message of this page. */
export const you = "you";

export const lettersUsed = (letters, most) => `${letters} of ${most}`;

/** What Send will do, and how many messages that makes. */
export function hint({ concurrency, duration, rate }) {
  const senders = concurrency === 1 ? "1 sender repeats" : `${concurrency} parallel senders repeat`;
  const times = rate === 1 ? "once" : `${grouped(rate)} times`;
  const seconds = counted(duration, "second", "seconds");
  const all = counted(concurrency * duration * rate, "message", "messages");
  return `${senders} this message ${times} a second for ${seconds}: ${all}.`;
}

export function invalid(n) {
  const fields = n === 1 ? "the marked field" : `the ${n} marked fields`;
  return `Nothing was sent. Correct ${fields}. Your values are kept.`;
}

export const wrongRate = (error) => `Nothing was sent. Rate of each sender: ${error}`;

export const posting = "Asking the server to start the burst.";

/** Why the page follows no burst, by its phase. */
export const noBurst = {
  unsure: "The server did not answer. The burst may have been sent.",
  malformed: "This page does not understand the answer. The burst may have been sent.",
  intercepted: "Nothing was sent: this network answers with a page of its own. Log in to it, then send again.",
  lost: "The server no longer knows this burst.",
};

export const notStopped = "The burst was not stopped. Try again.";

export const offlineForm = "Sending is off until the server answers. Your values are kept.";

/** Why the server refused a burst, and when to try again. */
export function refused({ status, message, limit, running }, seconds) {
  const reasons = {
    429: "Too many messages are being sent now.",
    503: "Kafka does not accept messages now.",
    own_bursts: `You have ${counted(running, "burst", "bursts")} running already.`,
    address_bursts: `Your network has ${counted(running, "burst", "bursts")} running already.`,
  };
  const reason = reasons[limit] ?? reasons[status] ?? `Nothing was sent: ${message}.`;
  return seconds > 0 ? `${reason} Try again in ${seconds} s.` : reason;
}

/** Kafka's retention, or a person, deleted messages that were not processed yet. They are lost. */
const deleted = (n) => `${grouped(n)} deleted by Kafka before processing`;

export function onTheirWay(n, all, expired) {
  const lost = expired > 0 ? ` ${deleted(expired)}.` : "";
  return `All sent. ${grouped(n)} of ${grouped(all)} are still on their way.${lost}`;
}

export const elapsed = (seconds, duration) => `${Math.min(seconds, duration)} of ${duration} s`;

/** How a burst ended. A page that did not see all of it has no `seconds`. */
export function ended({ state, stop_reason, accepted, stored, failed, blocked, expired }, seconds) {
  const states = { done: "Done", stopped: "Stopped", failed: "Failed" };
  const reasons = { lost_homepage: "Ended with its homepage", topic_recreated: "Ended with its topic" };
  const parts = [`${grouped(accepted)} accepted`, `${grouped(stored)} stored`];
  if (blocked > 0) parts.push(`${grouped(blocked)} of them blocked`);
  if (failed > 0) parts.push(`${grouped(failed)} not accepted by Kafka`);
  if (expired > 0) parts.push(deleted(expired));
  const time = seconds === undefined ? "" : ` in ${seconds.toFixed(1)} s`;
  return `${reasons[stop_reason] ?? states[state]}: ${parts.join(", ")}${time}.`;
}

export const legend = {
  none: "No processor has stored anything yet",
  idle: "idle",
  stopped: "stopped",
  more: (n) => `+${n} more`,
};

export const wallNote = {
  paused: (n) => (n > 0 ? `Paused, ${counted(n, "message waits", "messages wait")} here.` : "Paused."),
  hidden: "Bullets are hidden.",
  listHidden: "The list is hidden.",
  sample: (received, passed) => `A sample: ${grouped(received)} of ${grouped(passed)} messages.`,
};

export const list = {
  reduced: "Motion is reduced: newest messages first.",
  chosen: "Newest messages first.",
};

export const milliseconds = (ms) => `${grouped(ms)} ms`;

export const counterNotes = {
  blocked: (n) => `${grouped(n)} stored messages were blocked`,
  withoutRow: (n) => `${grouped(n)} finished without a row`,
  expired: (n, since) => (since ? `${deleted(n)}, since ${since}` : deleted(n)),
};

export const offline = {
  titles: {
    offline: "Cannot reach the server.",
    intercepted: "This network answers with a page of its own. Log in to it, then this page goes on.",
    broken: "This page has an error. Load it again.",
  },
  countdown: (seconds, attempt) =>
    seconds > 0 ? `Retrying in ${seconds} s (attempt ${attempt}).` : `Retrying (attempt ${attempt}).`,
  detail: "Bullets already received keep flying. The page resumes where it stopped.",
  action: "Retry now",
};

/** Said of a backlog while Kafka deletes messages before they are processed. */
const unsafe = "Kafka deletes messages that wait too long.";

export const backlog = {
  /** `accepted` counts since this page opened, so it may be less than `waiting`. */
  title: (accepted, waiting) =>
    accepted >= waiting
      ? `Kafka has accepted ${grouped(accepted)} messages, ${grouped(waiting)} are waiting to be processed.`
      : `${grouped(waiting)} messages are waiting to be processed.`,
  silent: (seconds, isSafe) =>
    `Nothing has been processed for ${seconds} s. ` +
    (isSafe ? "The messages are safe in Kafka and will appear here when it goes on." : unsafe),
  explained: (isSafe) => (isSafe ? "The messages are safe in Kafka." : unsafe),
  busy: (n) => `Processors are busy. ${n === 1 ? "1 is" : `${n} are`} running, and more may start.`,
};

const problems = {
  kafka: [
    "Kafka does not answer.",
    "New messages are refused. A burst that runs keeps its messages for up to 60 s, and sends them when Kafka answers. Accepted ones are safe.",
  ],
  table: ["The table does not answer.", "Accepted messages are safe in Kafka and will appear here when it is back."],
  sending: ["Kafka refuses messages from this server.", "Accepted messages are safe."],
  reader: ["Results cannot be read now.", "Messages are safe and will appear here later."],
  "event-router": ["No event-router reads the messages.", "They wait safely in Kafka, and go on when one is back."],
  processing: [
    "Messages wait, and none was finished for a while.",
    "They are safe in Kafka. The event-router or the message-processors are busy, or do not work.",
  ],
  retention: [undefined, "They are lost. Keep messages longer in the topic, or add processors."],
  partitions: [undefined, "All other partitions are read."],
  homepage: ["This server is stopping.", "Nothing can be sent here. Accepted messages are safe."],
};

/** Which part is down, since when, and what that means for the person. */
export const problem = {
  /** Of processors and partitions only the server knows what is wrong. */
  title: ({ part, text }, { expired }) =>
    part === "retention" && expired > 0
      ? `Kafka deleted ${counted(expired, "message that was", "messages that were")} not processed yet.`
      : (problems[part]?.[0] ?? (text || `${part} does not answer.`)),
  detail: ({ part }, since) => [`Since ${since}.`, problems[part]?.[1]].filter(Boolean).join(" "),
};

const parts = {
  kafka: "Kafka was",
  table: "The table was",
  "event-router": "The event-router was",
  processors: "The message-processors were",
};

/** A part that is back: how long it was away, and what that has cost. */
export function event({ part, kind, seconds, lost }) {
  const what = kind === "restarted" ? "An event-router was restarted" : `${parts[part] ?? `${part} was`} away for ${seconds} s`;
  return `${what}, ${counted(lost, "message", "messages")} lost`;
}

export const card = {
  merged: (n) => `${grouped(n)} identical messages were merged. The first of them:`,
  steps: { read_at: "In Kafka", received_at: "At the processor", stored_at: "Stored", shown_at: "Shown here" },
};

export const summary = (messages, waiting, processors) =>
  `${counted(messages, "new message", "new messages")}, ${grouped(waiting)} waiting, ` +
  `${counted(processors, "processor", "processors")}.`;
