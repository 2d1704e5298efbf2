// The texts of the pipeline, the time line and the controls in English. The other languages have the same names.

import { counted, grouped } from "../text.js";

const processors = (n) => counted(n, "processor", "processors");
const verb = (n, one, many) => (n === 1 ? one : many);

/** The time that is left, as people estimate it. */
const left = (seconds) => (seconds < 120 ? `${seconds} s` : counted(Math.round(seconds / 60), "minute", "minutes"));

const arrives = (rate) => `${grouped(rate)} a second ${verb(rate, "arrives", "arrive")}`;
const finish = (n, rate) => `${processors(n)} ${verb(n, "finishes", "finish")} ${grouped(rate)}`;
const areWanted = (n) => `${grouped(n)} ${verb(n, "is", "are")} wanted`;
const ofProcessors = (n) => verb(n, "the processor", "the processors");

/** What keeps the messages waiting; alone while none waits. */
const keeps = (n, why) =>
  n > 0
    ? [`${counted(n, "message waits", "messages wait")} in Kafka:`, why]
    : ["", why[0].toUpperCase() + why.slice(1)];

const parts = {
  kafka: "Kafka",
  table: "The table",
  "event-router": "The event-router",
  processors: "The processors",
  homepage: "The homepage",
};

const consequences = {
  kafka: "nothing can be sent, what was accepted is safe.",
  table: "work goes on when it is back, nothing is lost.",
};

/** Each is a reason and a result; a failure begins with the result. */
export const sentence = {
  down: (part, seconds, isFrozen) => {
    const have = part === "processors" ? "have" : "has";
    const what = isFrozen ? `${have} been frozen` : `${have} not answered`;
    return [consequences[part] ?? "messages wait safely in Kafka.", `${parts[part]} ${what} for ${left(seconds)}:`];
  },
  zero: ["Nothing runs.", "Send the first message."],
  zeroByHand: ["Nothing runs.", "By hand, no processor may run."],
  rest: ["The wall is quiet.", "Send the first message."],
  cold: (n, seconds) => keeps(n, `the first processor is starting, ${seconds} s so far.`),
  died: (n, died) => keeps(n, `${ofProcessors(died)} died and ${verb(died, "starts", "start")} again.`),
  frozen: (n, frozen) => keeps(n, `${ofProcessors(frozen)} ${verb(frozen, "is", "are")} frozen.`),
  off: (n) => keeps(n, "by hand, no processor may run."),
  waking: (n) => keeps(n, n > 0 ? "no processor has answered yet." : "nothing is under way."),
  behind: {
    more: ([arrive, n, done], wanted, starting) => [
      `${arrives(arrive)}, ${finish(n, done)}:`,
      starting > 0 ? `${areWanted(wanted)}, ${starting} ${verb(starting, "is", "are")} starting.` : `${areWanted(wanted)}.`,
    ],
    limit: ([arrive, n, done], grows) => [
      `${arrives(arrive)}, ${finish(n, done)}:`,
      grows > 0 ? `no more are allowed, the backlog grows by ${grouped(grows)} a second.` : "no more are allowed.",
    ],
    grows: ([arrive, n, done], grows) => [
      `${arrives(arrive)}, ${finish(n, done)}:`,
      `the backlog grows by ${grouped(grows)} a second.`,
    ],
    steady: ([arrive, n, done], waiting) => [
      `${arrives(arrive)}, ${finish(n, done)}:`,
      `${counted(waiting, "message waits", "messages wait")}.`,
    ],
  },
  catching: ([n, done, arrive], seconds) => [
    `${finish(n, done)} a second, ${grouped(arrive)} ${verb(arrive, "arrives", "arrive")}:`,
    seconds === undefined ? "the backlog shrinks." : `the backlog is gone in about ${left(seconds)}.`,
  ],
  starting: ([n, done, arrive], starting) => [
    `${finish(n, done)} a second, ${grouped(arrive)} ${verb(arrive, "arrives", "arrive")}:`,
    `${starting} more ${verb(starting, "is", "are")} starting.`,
  ],
  startingIdle: (n, starting) => {
    if (n === 0) return ["", `${processors(starting)} ${verb(starting, "is", "are")} starting.`];
    return [`${processors(n)} ${verb(n, "is", "are")} ready:`, `${starting} more ${verb(starting, "is", "are")} starting.`];
  },
  /** Why some go. */
  fewer: {
    quiet: "No messages come:",
    last: "Nothing new comes:",
    other: "Fewer processors are needed:",
    byHand: (wanted) => (wanted === 0 ? "None is wanted by hand:" : `${areWanted(wanted)} by hand:`),
    need: (arrive, wanted) => `${grouped(arrive)} a second ${verb(arrive, "needs", "need")} only ${processors(wanted)}:`,
  },
  leave: (n) => `${n} ${verb(n, "finishes its calls and goes", "finish their calls and go")}.`,
  /** `seconds` until zero, undefined where nobody knows. */
  idle: (n, goes, seconds) => {
    if (!goes) return ["Nothing to do:", `${processors(n)} ${verb(n, "is", "are")} ready.`];
    return ["Nothing to do:", seconds === undefined ? "back to zero soon." : `back to zero in ${left(seconds)}.`];
  },
  last: (n) => (n > 0 ? ["Nothing new comes:", `${grouped(n)} ${verb(n, "is", "are")} under way.`] : ["", "Nothing new comes."]),
  /** The wall is full: so many different texts come in a second, and the oldest bullet was so old when it started. */
  dense: (texts, fly, folded, oldest) => [
    `${grouped(texts)} different texts a second:`,
    `${grouped(fly)} ${verb(fly, "flies", "fly")}, ${grouped(folded)} ${verb(folded, "is", "are")} folded, none is older than ${oldest} s.`,
  ],
  pace: (n, arrive) => ["", `${processors(n)} ${verb(n, "keeps", "keep")} pace with ${grouped(arrive)} a second.`],
  offline: (title, since) => [`Numbers and curves stand since ${since}.`, title],
};

/** When the feed does not say what is wrong. */
export const unreachable = "Cannot reach the server.";

export const labels = {
  pipeline: "Pipeline",
  senders: "Senders",
  kafka: "Kafka",
  router: "Router",
  processors: "Processors",
  table: "Table",
  in: "in",
  out: "out",
  quiet: "quiet",
  message: "message",
  waiting: "waiting",
  first: "first message",
  call: "call",
  calls: "calls",
  wanted: "wanted",
  ready: "ready",
  asleep: "asleep",
  busy: "at work",
  perSecond: "/s",
  steady: "steady",
  down: "down",
  frozen: "frozen",
  since: (seconds) => `for ${left(seconds)}`,
  reason: (calls, target) => `${counted(calls, "call", "calls")} ÷ ${target} each`,
  waits: (n) => counted(n, "message waits", "messages wait"),
  unreached: "no calls reach them",
  wakes: "the first message wakes one",
  off: "by hand, none may run",
  more: (n, calls) => `+${n} more, ${counted(calls, "call", "calls")}`,
  seconds: (text) => `${text} s`,
  lane: ({ slot, name, state, calls, rate }) =>
    `${slot > 0 || !name ? `Processor ${slot || ""}`.trim() : name}, ${state}, ${counted(calls, "call", "calls")}, ${rate} a second`,
};

export const states = {
  starting: "starting",
  warm: "warm",
  busy: "busy",
  draining: "draining",
  gone: "gone",
  died: "died",
  frozen: "frozen",
  back: "back",
};

export const timeline = {
  rates: "messages/s",
  in: "in",
  out: "out",
  waiting: "waiting",
  peak: (n) => `peak ${grouped(n)}`,
  processors: "processors",
  wanted: "wanted",
  ago: (seconds) => `-${seconds} s`,
  now: "now",
  none: "No data yet",
  label: ({ peak, waiting, ready, wanted }) =>
    `In 90 s: waiting rose to ${grouped(peak)}, now ${grouped(waiting)}; ${processors(ready)}` +
    `${wanted === null ? "" : `, ${wanted} wanted`}.`,
};

const lostText = (lost) => (lost === undefined ? "" : `, ${grouped(lost)} lost`);

const short = { kafka: "Kafka", table: "table", "event-router": "router", processors: "processors", homepage: "homepage" };
const named = (part) => short[part] ?? part;

/** What stands at a mark of the time line. */
export const marks = {
  first_message: "first message",
  cold_start: (seconds) => `cold start ${seconds} s`,
  burst: "burst",
  scaled: (from, to) => `${from} → ${to}`,
  to_zero: "back to zero",
  by_hand: (to) => `by hand: ${to}`,
  automatic: "automatic",
  cost: (from, to) => `cost ${from} → ${to} ms`,
  died: (part) => `${named(part)} died`,
  back: (part, seconds, lost) => `${named(part)} died, back in ${seconds} s${lostText(lost)}`,
  frozen: (part) => `${named(part)} frozen`,
  thawed: (part, seconds) => `${named(part)} frozen for ${seconds} s`,
  part_down: (part) => `${named(part)} down`,
  part_back: (part, seconds) => `${named(part)} back after ${seconds} s`,
  restarted: () => "",
};

/** What stands in the list of events: the same in longer words. */
export const log = {
  ...marks,
  title: "Events, newest first.",
  none: "None yet.",
  scaled: (from, to, why) =>
    `${from} → ${to}${why ? `: ${counted(why.calls, "call", "calls")} under way, target ${why.target} each` : ""}`,
  by_hand: (to) => `by hand: ${processors(to)}`,
  part_back: (part, seconds, lost) => `${named(part)} back after ${seconds} s${lostText(lost)}`,
  restarted: (part, lost) => `${named(part)} restarted${lostText(lost)}`,
};

/** Between two parts of a sentence. */
export const space = " ";

export const invitation = {
  zeroText: "It waits in Kafka until a processor has started for it, about a second, then it flies past here.",
  byHandText: "What is sent waits in Kafka until a processor may run again.",
  restText: "It goes through Kafka, the router and a processor, which may have to start first. Then it flies past here.",
  cold: "The first message is on its way.",
  coldText: (seconds) =>
    `No processor was running, so one starts.${seconds ? ` The last cold start took ${seconds} s.` : ""}`,
};

/** The caption of the tour: what each step shows, and what to look at. */
export const tour = {
  step: (number, of) => `Tour, step ${number} of ${of}:`,
  steps: {
    zero: ["Down to zero.", "Without messages no processor runs. Look at the processors: they go to 0."],
    first_message: ["The first message.", "It waits in Kafka until a processor has started, about a second. Then it flies past."],
    burst: ["A burst.", "More messages come than one processor can finish. Look at Kafka, where they wait."],
    scale_out: ["Scaling out.", "More processors start, each in its own colour. Look at Kafka: fewer messages wait."],
    processor_killed: ["A processor is killed.", "Its messages go to the others, and it starts again. Look at its lane."],
    kafka_killed: ["Kafka is killed.", "Nothing can be sent, what was accepted is safe. Look at the box of Kafka."],
    recovery: ["Kafka is back.", "The work goes on where it stopped. Look at Kafka: fewer messages wait."],
    to_zero: ["Back to zero.", "No more messages come, so the processors go. Look at the stairs below."],
  },
};

export const keys = {
  title: "Keys",
  close: "Close",
  problems: "Problems now",
  list: [
    ["Space", "pause"],
    ["H", "hide bullets"],
    ["F", "full screen"],
    ["Q", "QR code over half the screen"],
    ["W", "wall only"],
    ["L", "light or dark"],
    ["?", "this list"],
  ],
  demo: [
    ["+ −", "more or fewer processors"],
    ["A", "automatic"],
    ["1 2 3", "load: quiet, a busy day, a stampede"],
    ["K", "kill a processor"],
    ["R", "kill the router"],
    ["T", "play or stop the tour"],
  ],
};

/** What a key has done, for two seconds. */
export const said = {
  paused: "Paused.",
  resumed: "On again.",
  hidden: "Bullets are hidden.",
  shown: "Bullets are shown.",
  light: "Light.",
  dark: "Dark.",
  wallOnly: "The wall only: W brings the pipeline back.",
  whole: "Wall and pipeline.",
  code: "Scan the code to send a message.",
  room: "There is no code: only this machine sees this page.",
  noCode: "The code is closed.",
  fullScreen: "Full screen.",
  window: "Window.",
  noFullScreen: "This browser allows no full screen.",
  byHand: (n) => `By hand: ${processors(n)}.`,
  automatic: "Automatic: the load decides.",
  cost: (ms) => `A message costs ${ms} ms.`,
  load: { quiet: "Load: quiet.", busy: "Load: a busy day.", stampede: "Load: a stampede." },
  kill: (part) => `${part} killed.`,
  freeze: (part) => `${part} frozen for 10 s.`,
  again: (key, part) => `${key} again kills ${part}.`,
  asStarted: (n) => `As started: ${processors(n)}.`,
  noLauncher: "There is no launcher here.",
  limit: (min, max) =>
    max === null || max === undefined
      ? `There cannot be fewer than ${processors(min)}.`
      : `Only ${min} to ${max} processors are allowed.`,
  noProcessor: "No processor runs.",
  tourBegins: "The tour begins.",
  anyClick: "Any click stops it.",
  tourStopped: "The tour has stopped.",
  noTour: "a tour needs a range from 0 to at least 2, such as --scale 0..4",
  /** Why a control did not work, by the status of the answer. */
  refused: {
    403: "it is not allowed here",
    404: "there is none",
    409: "it does not run now",
    422: "that is out of range",
    503: "the launcher does not answer",
    none: "the server does not answer",
  },
  failed: (reason) => `That did not work: ${reason}.`,
};

export const controls = {
  title: "Scaling",
  note: "demo controls",
  mode: "Who decides how many processors run",
  automatic: "Automatic",
  byHand: "By hand",
  fewer: "One processor fewer",
  more: "One processor more",
  range: (min, max, wanted) =>
    max === null || max === undefined ? `${wanted} wanted` : `of ${min} to ${max}, ${wanted} wanted`,
  cost: "Cost of a message",
  milliseconds: (ms) => `${ms} ms`,
  playTour: "Play the tour",
  stopTour: "Stop the tour",
  killProcessor: "Kill a processor",
  killRouter: "Kill the router",
  load: "Load",
  quiet: "Quiet",
  busy: "A busy day",
  stampede: "A stampede",
  breakIt: "Break it",
  freezeLasts: "Freeze lasts 10 s",
  freeze: "Freeze",
  kill: "Kill",
  freezePart: (part) => `Freeze ${part}`,
  killPart: (part) => `Kill ${part}`,
  processor: "Which processor",
  processorName: (slot) => `Processor ${slot}`,
  down: (seconds) => `down ${seconds} s`,
  frozen: (seconds) => `frozen ${seconds} s`,
  names: { broker: "Kafka", table: "Table", "event-router": "event-router", homepage: "homepage" },
  onlyHere: "Only this machine sees these controls. What dies is started again.",
  byLink: "Only this link brings these controls. What dies is started again.",
};
