// The marks of the time line: which events have one, what stands there, and which labels find room. The log of events
// has the same in longer words. Pure.

import { rate, seconds } from "./numbers.js";
import { reasonOf } from "./state.js";

const PROCESSOR = /^message-(processor-.+)$/;
/** The launcher and the homepage both notice that a part has gone. */
const SAME_MS = 10_000;
const LAUNCHER_NAMES = { broker: "kafka" };

const partOf = (event) => LAUNCHER_NAMES[event.part] ?? PROCESSOR.exec(event.part ?? "")?.[1] ?? event.part;

/** Steps of scaling that follow each other so soon are one mark. */
const SCALING_MS = 5_000;

/** The marks of these events, the oldest first: `{ at, ago_ms, text, tone }`. `texts` are those of marks, or of the log. */
export function marksOf(events, texts) {
  const all = events.map((event) => ({ ...event, part: partOf(event) })).sort((a, b) => b.ago_ms - a.ago_ms);
  return joined(all).flatMap((event) => {
    const text = textOf(event, all, texts);
    return text ? [{ at: event.at, ago_ms: event.ago_ms, text, tone: toneOf(event, all) }] : [];
  });
}

/** With one event in place of several steps up, or several steps down: 1 → 2, 2 → 5 and 5 → 8 are 1 → 8, where it began. */
function joined(all) {
  const events = [];
  let last = null;
  for (const event of all) {
    if (event.kind !== "scaled") {
      events.push(event);
      continue;
    }
    const isUp = event.to > event.from;
    if (last && last.isUp === isUp && last.event.to === event.from && last.ago_ms - event.ago_ms <= SCALING_MS) {
      Object.assign(last.event, { to: event.to, calls: event.calls, target: event.target }); // what led to it
      last.ago_ms = event.ago_ms;
    } else {
      last = { event: { ...event }, isUp, ago_ms: event.ago_ms };
      events.push(last.event);
    }
  }
  return events;
}

/** The end of what `event` has begun. */
const endOf = (event, all, ...kinds) =>
  all.find((it) => kinds.includes(it.kind) && it.part === event.part && it.ago_ms <= event.ago_ms);

const isTwice = (event, all, kind) =>
  all.some((it) => it.kind === kind && it.part === event.part && Math.abs(it.ago_ms - event.ago_ms) < SAME_MS);

function textOf(event, all, texts) {
  const { kind, part } = event;
  if (kind === "first_message" || kind === "burst" || kind === "to_zero" || kind === "automatic") return texts[kind];
  if (kind === "cold_start") return texts.cold_start(seconds(event.ms));
  if (kind === "scaled") return texts.scaled(event.from, event.to, whyOf(event));
  if (kind === "by_hand") return texts.by_hand(event.to);
  if (kind === "cost") return texts.cost(event.from_ms, event.to_ms);
  if (kind === "died") return died(event, all, texts);
  if (kind === "frozen") return frozen(event, all, texts);
  if (kind === "part_down") return isTwice(event, all, "frozen") ? "" : texts.part_down(part);
  if (kind === "part_back") return isBack(event, all, texts);
  return ""; // "back" and "thawed" end another mark, and a newer server may tell more
}

/** The calls that led to a number, with the digits that it takes, where somebody tells. */
function whyOf({ calls, target, to }) {
  if (!Number.isFinite(calls) || !Number.isFinite(target)) return undefined;
  return reasonOf({ reason: { calls, target }, wanted: to }) ?? { calls: Number(rate(calls)), target };
}

/** How many messages it has cost is said once it was counted, which null is not. */
const counted = (lost) => lost ?? undefined;

/** A restart has no time: it was not away long enough. */
function isBack(event, all, texts) {
  const { part, ms, lost } = event;
  if (isTwice(event, all, "thawed")) return "";
  if (Number.isFinite(ms)) return texts.part_back(part, seconds(ms), counted(lost));
  return isTwice(event, all, "back") ? "" : texts.restarted(part, counted(lost));
}

function died(event, all, texts) {
  if (isTwice(event, all, "part_down")) return "";
  const end = endOf(event, all, "back");
  if (end && !Number.isFinite(end.ms)) return texts.died(event.part);
  const ends = [end, endOf(event, all, "part_back")].find((it) => Number.isFinite(it?.lost));
  return end ? texts.back(event.part, seconds(end.ms), ends?.lost) : texts.died(event.part);
}

function frozen(event, all, texts) {
  const end = endOf(event, all, "thawed");
  return end ? texts.thawed(event.part, seconds(end.ms)) : texts.frozen(event.part);
}

function toneOf(event, all) {
  if (event.kind === "first_message") return "accent";
  const ends = { died: ["back", "part_back"], frozen: ["thawed"], part_down: ["part_back"] }[event.kind];
  return ends && !endOf(event, all, ...ends) ? "bad" : "text";
}

/**
 * Where the labels stand, for marks with their place `x` and the `width` of their text: right of the mark, or left of it
 * where there is no room, or where it would cross the line of another. The newest wins; one without room has no `side`, and keeps its line.
 */
export function placed(marks, { width, gap }) {
  const taken = [];
  const isFree = ([from, to]) => from >= 0 && to <= width && taken.every(([a, b]) => to <= a || from >= b);
  const newest = [...marks].reverse().map((mark) => {
    const right = [mark.x - gap, mark.x + mark.width + gap];
    const left = [mark.x - mark.width - gap, mark.x + gap];
    const crossed = ([from, to]) => marks.filter(({ x }) => x !== mark.x && x > from && x < to).length;
    const free = [["right", right], ["left", left]].filter(([, span]) => isFree(span));
    const [side, span] = free.sort((a, b) => crossed(a[1]) - crossed(b[1]))[0] ?? [];
    if (side) taken.push(span);
    else taken.push([mark.x - gap / 2, mark.x + gap / 2]);
    return { ...mark, side };
  });
  return newest.reverse();
}
