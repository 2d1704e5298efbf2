// The texts of the guest's page in English. The other languages have the same names.

const processor = (slot) => (slot > 0 ? `, processor ${slot}` : "");
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** What became of a message, by its state. */
export const states = {
  kept: ({ wait }) => (wait > 0 ? `Goes in ${wait} s` : "Goes in a moment"),
  held: () => "Goes when this page is live again",
  sending: () => "Sending",
  waiting: ({ left }) => (left ? `Waiting in Kafka, about ${left}` : "Waiting in Kafka"),
  now: ({ slot }) => `On the wall now${processor(slot)}`,
  was: ({ ms, slot }) => `Was on the wall after ${seconds(ms)}${processor(slot)}`,
  folded: () => "Folded: too many at once, kept in the list",
  stored: ({ ms, slot }) => `In the list after ${seconds(ms)}${processor(slot)}`,
  blocked: () => "Arrived, but not shown: it has a word that is not shown here",
  gone: () => "Arrived, but was sorted out on its way",
  expired: () => "Lost: Kafka deleted it before it was processed",
  unknown: () => "The server does not know it any more",
  refused: ({ reason }) => `Refused: ${reason}`,
  failed: ({ reason }) => `Could not be sent${reason ? `: ${reason}` : ""}`,
  unsure: () => "The server did not answer: it may have been sent",
  unsent: () => "Not sent yet",
};

/** The time that is left, as people estimate it. */
export const left = (s) => (s < 120 ? `${s} s` : `${Math.round(s / 60)} minutes`);

export const again = "Try again";
export const sendNow = "Send";
export const edit = "Edit";

export const button = {
  send: "Send",
  wait: (s) => `Send again in ${s} s`,
  waitShort: (s) => `Again in ${s} s`,
};

export const letters = (n, most) => `${n} of ${most}`;

export const nameError = (excess, most) =>
  excess > 0 ? `${excess} too many. At most ${most} characters.` : "Nothing of it can be seen. Leave it empty, or type a visible character.";

/** Why a message waits, or what is wrong. */
export const notes = {
  full: "One message waits already. This one stays here.",
  long: "Your last messages are still under way. This one stays here.",
  busy: "Too many messages are being sent now. Yours is kept and goes then.",
  kafka: "Kafka does not accept messages now. Yours is kept and goes when it does.",
  offline: "No connection. What you type is kept.",
  intercepted: "This network answers with a page of its own. Log in to it. What you type is kept.",
  broken: "This page has an error. Load it again.",
  refused: (status) => `the server refused it (${status})`,
  busyLong: "too many messages were being sent",
  kafkaLong: "Kafka did not accept it",
  network: "this network answered with a page of its own",
};
