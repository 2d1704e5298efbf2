// What an answer of `GET /pipeline` means: pure functions of that answer.

const isObject = (value) => typeof value === "object" && value !== null;
const isNumber = (value) => Number.isFinite(value);
const isNumberOrNull = (value) => value === null || isNumber(value);
const isListOf = (value, isRight) => Array.isArray(value) && value.every(isRight);

/** Whether an answer has what the page needs. */
export const isState = (json) =>
  isObject(json) &&
  [json.in, json.out, json.waiting, json.ready].every(isNumberOrNull) &&
  isListOf(json.processors, (it) => isObject(it) && isNumberOrNull(it.slot) && typeof it.state === "string") &&
  isListOf(json.down, (it) => isObject(it) && typeof it.part === "string") &&
  isListOf(json.events, (it) => isObject(it) && typeof it.kind === "string" && isNumber(it.ago_ms)) &&
  isObject(json.history) &&
  ["in", "out", "waiting", "wanted", "lives"].every((name) => Array.isArray(json.history[name]));

/** What only a launcher or an autoscaler tells: null where nobody does. */
const UNTOLD = { calls: null, wanted: null, min: null, max: null, mode: null, reason: null, places: null, cold_start_ms: null, zero_in_ms: null, tour: null };

/** What a homepage that has just started, or that cannot reach Kafka, does not know. */
const NUMBERS = ["in", "out", "waiting", "ready"];

/**
 * An answer with null in the place of what it does not tell. A number that is not known now is as it was `before`;
 * undefined while it has never been known, because then there is nothing to draw.
 */
export function complete(json, before) {
  const state = { ...UNTOLD, ...json, processors: json.processors.map((it) => ({ ...it, slot: it.slot ?? 0 })) };
  for (const name of NUMBERS) state[name] ??= before?.[name] ?? (state.down.length > 0 ? 0 : null);
  return NUMBERS.some((name) => state[name] === null) ? undefined : state;
}

/** Parts that are down by their own missing answer. Other problems of the feed are conclusions. */
const OWN_ANSWER = ["kafka", "event-router", "processors", "table"];

/**
 * The state with what the feed says is down, too: the one or the other hears of it first. `now` is the server's time in
 * ms since the epoch.
 */
export function withProblems(state, problems, now) {
  const isNew = ({ part }) => OWN_ANSWER.includes(part) && !state.down.some((it) => it.part === part);
  const since = (text) => Math.max(0, now - Date.parse(text) || 0);
  const more = problems.filter(isNew).map((it) => ({ part: it.part, for_ms: since(it.since), frozen: false }));
  return { ...state, down: [...state.down, ...more] };
}

const EXPECTED_MS = 2000;

/** What a control has asked for: it holds until the server says the same, or for two seconds. Times are in ms. */
export class Expected {
  #change;
  #until = 0;

  /** Without a change nothing is expected any more. */
  set(change, now) {
    this.#change = change;
    this.#until = now + EXPECTED_MS;
  }

  /** The state with what is expected in it. */
  in(state, now) {
    const isOver = now >= this.#until || Object.entries(this.#change ?? {}).every(([name, value]) => state[name] === value);
    if (isOver) this.#change = undefined;
    return { ...state, ...this.#change };
  }
}

/** Above this many waiting messages there is a backlog, if it grows. */
export const BACKLOG = 100;
const GROWS_FOR_S = 3;
/** A backlog of so many seconds of work is one even if it does not grow. */
const WORK_S = 3;
/** Fewer are no backlog, however slow the processors are. */
const FEW = 20;
/** So much of a rate is noise. */
const NOISE = 0.02;

/** How many of the processors are in one of these states. */
export const countOf = (state, ...states) => state.processors.filter((it) => states.includes(it.state)).length;

/** How fast the backlog grows, in messages a second; negative while it shrinks, 0 while it is steady. */
export function growth({ in: arrive, out }) {
  const difference = arrive - out;
  return Math.abs(difference) < Math.max(1, NOISE * Math.max(arrive, out)) ? 0 : difference;
}

/** Whether messages wait longer than they should. */
export function isBehind(state) {
  const { waiting, out, history } = state;
  if (waiting > FEW && waiting > WORK_S * out) return true;
  const before = history.waiting.at(-1 - GROWS_FOR_S);
  return waiting > BACKLOG && isNumber(before) && waiting > before && growth(state) > 0;
}

/** A lower rate, in messages a second, is none: the rest of a mean. */
const LEAST_RATE = 0.05;

/** Whether nothing is under way. */
export const isQuiet = ({ in: arrive, out, waiting }) => arrive + out < LEAST_RATE && waiting === 0;

/** Whether no new messages come; those that came may still be under way. */
export const hasNoArrivals = ({ in: arrive }) => arrive < LEAST_RATE;

/** Nothing is under way and nothing runs. */
export const isZero = (state) =>
  isQuiet(state) &&
  state.ready === 0 &&
  state.down.length === 0 &&
  countOf(state, "starting", "draining", "died", "frozen") === 0;

/** A person has chosen that none runs, so no message wakes one. */
export const isOffByHand = ({ mode, wanted }) => mode === "by_hand" && wanted === 0;

/** The first messages wait, and the processor that they have woken starts. */
export const isColdStart = (state) =>
  state.ready === 0 && state.waiting > 0 && countOf(state, "starting") > 0 && state.down.length === 0 && !isOffByHand(state);

const tenth = (value, round = Math.round) => round(value * 10) / 10;

/**
 * The calls and the calls for each that give the number that is wanted; undefined where they do not: by hand, or while
 * an earlier decision still holds. As few digits as it takes for the sum to be right.
 */
export function reasonOf({ reason, wanted, min, max }) {
  const target = tenth(reason?.target);
  if (!isNumber(reason?.calls) || !(target > 0)) return undefined;
  const gives = (calls, each = target) => Math.min(max ?? Infinity, Math.max(min ?? 0, Math.ceil(calls / each)));
  if (gives(reason.calls, reason.target) !== wanted) return undefined;
  const calls = [Math.round(reason.calls), tenth(reason.calls), tenth(reason.calls, Math.ceil)].find((it) => gives(it) === wanted);
  return calls === undefined ? undefined : { calls, target };
}

/** So long after the last processor has gone people still look at the time line. */
const FAREWELL_MS = 15_000;

/** Which screen the stage shows: the invitation, or the pipeline with its time line. */
export function screenOf(state) {
  const isLeaving = state.events.some(({ kind, ago_ms }) => kind === "to_zero" && ago_ms < FAREWELL_MS);
  return isZero(state) && !isLeaving ? "zero" : "live";
}

/** The parts in the order of a message's way, which is also how serious it is that one is down. */
export const PARTS = ["kafka", "table", "event-router", "processors", "homepage"];

const NODES = { homepage: "senders", kafka: "kafka", "event-router": "router", processors: "processors", table: "table" };

/** The node that shows a part, undefined for a part without one. A single processor is shown by its lane. */
export const nodeOf = (part) => NODES[part];

/** The part that is down and matters most, undefined if all answer. */
export function worstOf({ down }) {
  const rank = ({ part }) => (PARTS.includes(part) ? PARTS.indexOf(part) : PARTS.length);
  return [...down].filter(({ part }) => nodeOf(part)).sort((a, b) => rank(a) - rank(b))[0];
}
