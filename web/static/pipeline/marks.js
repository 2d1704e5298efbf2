// The marks of the time line: which events have one, what stands there, and which labels find room. Pure.

import { seconds } from "./numbers.js";

const PROCESSOR = /^message-(processor-.+)$/;
/** The launcher and the homepage both notice that a part has gone. */
const SAME_MS = 10_000;
const LAUNCHER_NAMES = { broker: "kafka" };

const partOf = (event) => LAUNCHER_NAMES[event.part] ?? PROCESSOR.exec(event.part ?? "")?.[1] ?? event.part;

/** Steps of scaling that follow each other so soon are one mark. */
const SCALING_MS = 5_000;

/** The marks of these events, the oldest first: `{ ago_ms, text, tone }`. */
export function marksOf(events, texts) {
  const all = events.map((event) => ({ ...event, part: partOf(event) })).sort((a, b) => b.ago_ms - a.ago_ms);
  return joined(all).flatMap((event) => {
    const text = textOf(event, all, texts);
    return text ? [{ ago_ms: event.ago_ms, text, tone: toneOf(event, all) }] : [];
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
      last.event.to = event.to;
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
  if (kind === "scaled") return texts.scaled(event.from, event.to);
  if (kind === "by_hand") return texts.by_hand(event.to);
  if (kind === "cost") return texts.cost(event.from_ms, event.to_ms);
  if (kind === "died") return died(event, all, texts);
  if (kind === "frozen") return frozen(event, all, texts);
  if (kind === "part_down") return isTwice(event, all, "frozen") ? "" : texts.part_down(part);
  if (kind === "part_back") return isTwice(event, all, "thawed") || !Number.isFinite(event.ms) ? "" : texts.part_back(part, seconds(event.ms));
  return ""; // "back" and "thawed" end another mark, and a newer server may tell more
}

/** How many messages it has cost is said once it was counted. */
function died(event, all, texts) {
  if (isTwice(event, all, "part_down")) return "";
  const end = endOf(event, all, "back");
  if (end && !Number.isFinite(end.ms)) return texts.died(event.part);
  const counted = [end, endOf(event, all, "part_back")].find((it) => Number.isFinite(it?.lost));
  return end ? texts.back(event.part, seconds(end.ms), counted?.lost) : texts.died(event.part);
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
