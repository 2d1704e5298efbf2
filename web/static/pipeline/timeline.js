// The time line: what came in and went out, what waited, and which processors lived, over one axis of 90 seconds.

import { draw, make, mute, write } from "./dom.js";
import { styleOf } from "../wall/palette.js";
import { marksOf, placed } from "./marks.js";
import { texts } from "./texts.js";

const SPAN_S = 90;
const EVERY_MS = 1000;
/** How high the three strips are, of each other. */
const ROWS = [0.9, 1.1, 1.4];
/** The axes end at least here, so that ten messages are no mountain. */
const LEAST = { rate: 20, waiting: 100, processors: 3 };
/** A difference of in and out below this share of the axis is no area. */
const EVEN = 0.015;

/** Draws states into `root`, once a second. */
export class Timeline {
  #drawnAt = -Infinity;
  #state;

  constructor(root) {
    const { timeline } = texts;
    this.svg = draw("svg", { class: "chart", role: "img", "aria-label": timeline.none });
    this.peak = make("span");
    this.keys = mute(make("div", "time-keys"));
    this.rows = [
      key(timeline.rates, make("i", "key-out"), timeline.out, make("i", "key-in"), timeline.in),
      key(timeline.waiting, make("i", "key-waiting"), this.peak),
      key(timeline.processors, make("i", "key-in"), timeline.wanted),
    ];
    this.wantedKey = this.rows[2].querySelector("span");
    this.keys.append(...this.rows);
    this.keys.hidden = true; // until it is known where they stand
    root.prepend(this.keys, make("div", "chart-box", this.svg));
    this.pen = document.createElement("canvas").getContext("2d");
    new ResizeObserver(() => this.#state && this.#draw()).observe(this.svg.parentNode);
  }

  /** Takes the newest state; `now` is in ms. */
  update(state, now) {
    this.#state = state;
    if (now - this.#drawnAt < EVERY_MS - 20) return;
    this.#drawnAt = now;
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.svg.parentNode;
    if (width < 50 || height < 30) return;
    const em = parseFloat(getComputedStyle(this.svg).fontSize);
    const { history } = this.#state;
    const at = frame(width, height, em);
    const parts = [
      ...grid(at),
      ...rates(at, history),
      ...waiting(at, history),
      ...lives(at, history),
      ...this.#marks(at),
      ...axis(at),
    ];
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts);
    this.#describe(history);
    this.keys.hidden = false;
    this.rows.forEach((row, i) => row.style.setProperty("--at", `${middle(at.rows[i])}px`));
  }

  #describe(history) {
    const { waiting, ready, wanted } = this.#state;
    const peak = Math.max(0, waiting, ...history.waiting.filter(Number.isFinite));
    write(this.peak, texts.timeline.peak(roundedPeak(peak)));
    this.wantedKey.hidden = !history.wanted.some(Number.isFinite);
    this.svg.setAttribute("aria-label", texts.timeline.label({ peak: roundedPeak(peak), waiting, ready, wanted }));
  }

  /** A line over all strips for each event, so that cause and effect stand on one vertical line. */
  #marks(at) {
    this.pen.font = `600 ${at.em}px ${getComputedStyle(this.svg).fontFamily}`;
    const all = marksOf(this.#state.events, texts.marks).map((mark) => ({
      ...mark,
      x: at.x(Math.max(-SPAN_S, -mark.ago_ms / 1000)),
      width: this.pen.measureText(mark.text).width + at.em * 0.3,
    }));
    return placed(all, { width: at.width, gap: at.em * 0.35 }).flatMap((mark) => markNodes(mark, at));
  }
}

function key(name, ...content) {
  return make("p", "", make("b", "", name), make("span", "", ...content));
}

/** The last digit of a large number is noise. */
const roundedPeak = (peak) => (peak < 100 ? Math.round(peak) : Math.round(peak / 10) * 10);

const middle = ([top, bottom]) => Math.round((top + bottom) / 2);

/** The places of everything, in px: the strips, and functions from a time in s to x, and from a value to y. */
function frame(width, height, em) {
  const top = em * 1.55;
  const gap = em * 0.42;
  const inner = Math.max(10, height - top - em * 1.25 - 2 * gap);
  const sum = ROWS.reduce((all, row) => all + row, 0);
  let y = top;
  const rows = ROWS.map((row) => {
    const strip = [y, y + (inner * row) / sum];
    y = strip[1] + gap;
    return strip;
  });
  const x = (at) => round(((at + SPAN_S) / SPAN_S) * width);
  return { width, height, em, top, rows, line: Math.max(1.25, em / 8), x, bottom: rows[2][1] };
}

const round = (value) => Math.round(value * 10) / 10;

const scale = ([top, bottom], most) => (value) => round(bottom - ((bottom - top - 3) * value) / most);

/** Where a column's value stands: the last one is now. */
const secondOf = (column, i) => i - (column.length - 1);

const mostOf = (...columns) => Math.max(0, ...columns.flat().filter(Number.isFinite));

function grid(at) {
  const rows = at.rows.map(([, bottom]) => `M0 ${round(bottom)}H${at.width}`).join("");
  const lines = [-60, -30].map((second) => `M${at.x(second)} ${round(at.top)}V${round(at.bottom)}`).join("");
  return [draw("path", { class: "ground", d: rows }), draw("path", { class: "grid", d: lines })];
}

/** A line over the known values; where nothing is known there is a gap. */
function lineOf(column, at, y) {
  const isKnown = (i) => Number.isFinite(column[i]);
  const points = column.map((value, i) =>
    isKnown(i) ? `${isKnown(i - 1) ? "L" : "M"}${at.x(secondOf(column, i))} ${y(value)}` : "",
  );
  return points.join("");
}

/** What comes in and does not go out is a debt; what goes out beyond it is paid back. */
function areas(history, at, y, least) {
  const paths = { debt: "", paid: "" };
  for (let i = 1; i < history.in.length; i += 1) {
    const [arrive, out] = [history.in[i], history.out[i]];
    if (!Number.isFinite(arrive) || !Number.isFinite(out) || Math.abs(arrive - out) < least) continue;
    const [from, to] = [at.x(secondOf(history.in, i - 1)), at.x(secondOf(history.in, i))];
    paths[out > arrive ? "paid" : "debt"] += `M${from} ${y(arrive)}H${to}V${y(out)}H${from}z`;
  }
  return paths;
}

function rates(at, history) {
  const most = Math.max(LEAST.rate, mostOf(history.in, history.out)) * 1.08;
  const y = scale(at.rows[0], most);
  const { debt, paid } = areas(history, at, y, most * EVEN);
  return [
    draw("path", { class: "debt", d: debt }),
    draw("path", { class: "paid", d: paid }),
    draw("path", { class: "line-in", d: lineOf(history.in, at, y), "stroke-width": at.line, ...dashes(at) }),
    draw("path", { class: "line-out", d: lineOf(history.out, at, y), "stroke-width": at.line * 1.25 }),
  ];
}

const dashes = (at) => ({ "stroke-dasharray": `${round(at.line * 2.2)} ${round(at.line * 1.6)}` });

function waiting(at, history) {
  const column = history.waiting;
  const y = scale(at.rows[1], Math.max(LEAST.waiting, mostOf(column)) * 1.04);
  const bottom = round(at.rows[1][1]);
  let area = "";
  for (let i = 1; i < column.length; i += 1) {
    if (!Number.isFinite(column[i]) || !Number.isFinite(column[i - 1])) continue;
    const [from, to] = [at.x(secondOf(column, i - 1)), at.x(secondOf(column, i))];
    area += `M${from} ${bottom}V${y(column[i - 1])}L${to} ${y(column[i])}V${bottom}z`;
  }
  return [
    draw("path", { class: "area-waiting", d: area }),
    draw("path", { class: "line-waiting", d: lineOf(column, at, y), "stroke-width": at.line * 1.25 }),
  ];
}

/** One step of the stair for each life: pale while it starts and while it drains. Above it the wanted number. */
function lives(at, { lives: all, wanted }) {
  const [top, bottom] = at.rows[2];
  // A stair without gaps: on a cluster slots follow from names, and may be any.
  const slots = [...new Set(all.map((it) => it.slot ?? 0))].sort((a, b) => a - b);
  const highest = Math.max(LEAST.processors, mostOf(wanted), slots.length);
  const step = (bottom - top - 2) / highest;
  const since = (ago) => at.x(Math.max(-SPAN_S, -(ago ?? 0) / 1000));
  const bars = all.flatMap(({ slot, from_ms, ready_ms, draining_ms, until_ms }) => {
    const y = round(bottom - step * (slots.indexOf(slot ?? 0) + 1) + step * 0.1);
    const bar = (from, to, isPale) => ({ class: `life slot-${styleOf(slot ?? 0)}${isPale ? " pale" : ""}`, x: from, y, width: round(to - from), height: round(step * 0.8) });
    const [born, end] = [since(from_ms), since(until_ms)];
    const ready = ready_ms === null ? end : since(ready_ms);
    const leaving = draining_ms === null ? end : since(draining_ms);
    return [
      bar(born, Math.max(ready, Math.min(end, born + 3)), true),
      bar(ready, Math.max(ready, leaving), false),
      bar(Math.max(ready, leaving), end, true),
    ].filter((it) => it.width > 0);
  });
  return [...bars.map((bar) => draw("rect", bar)), ...wantedLine(at, wanted, (value) => round(bottom - step * value))];
}

function wantedLine(at, wanted, y) {
  let path = "";
  wanted.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    const x = at.x(secondOf(wanted, i));
    const isNew = !Number.isFinite(wanted[i - 1]);
    if (isNew) path += `M${x} ${y(value)}`;
    else if (value !== wanted[i - 1] || i === wanted.length - 1) path += `H${x}V${y(value)}`;
    if (!isNew && i < wanted.length - 1 && !Number.isFinite(wanted[i + 1])) path += `H${x}`;
  });
  return path ? [draw("path", { class: "line-wanted", d: path, "stroke-width": at.line, ...dashes(at) })] : [];
}

function markNodes({ x, side, text, tone }, at) {
  const { em } = at;
  const head = `M${round(x - em * 0.26)} ${round(at.top - em * 0.55)}h${round(em * 0.52)}l${round(-em * 0.26)} ${round(em * 0.4)}z`;
  const nodes = [
    draw("path", { class: `mark ${tone}`, d: `M${x} ${round(at.top - em * 0.3)}V${round(at.bottom)}`, "stroke-width": round(at.line * 0.6) }),
    draw("path", { class: `mark-head ${tone}`, d: head }),
  ];
  if (!side) return nodes;
  const shift = side === "left" ? -em * 0.42 : em * 0.42;
  const label = draw("text", { class: `mark-text ${tone}`, x: round(x + shift), y: round(at.top - em * 0.38), "text-anchor": side === "left" ? "end" : "start" });
  label.textContent = text;
  return [...nodes, label];
}

function axis(at) {
  const { ago, now } = texts.timeline;
  const ticks = [[-90, ago(90), "start"], [-60, ago(60), "middle"], [-30, ago(30), "middle"], [0, now, "end"]];
  return ticks.map(([second, text, anchor]) => {
    const node = draw("text", { class: "tick", x: at.x(second), y: round(at.height - at.em * 0.18), "text-anchor": anchor });
    node.textContent = text;
    return node;
  });
}
