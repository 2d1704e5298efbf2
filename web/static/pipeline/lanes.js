// One lane for each processor: its shape, its number, the calls that it has under way, its rate and its state.

import { make, mute, write } from "./dom.js";
import { rate, seconds } from "./numbers.js";
import { isOffByHand } from "./state.js";
import { texts } from "./texts.js";
import { styleOf } from "../wall/palette.js";

const MOST = 12;
/** More places than these are a plain bar. */
const MOST_PLACES = 20;
/** How long a start takes when none has been seen yet. */
const USUAL_START_MS = 1000;

/** The state that a lane names: the server does not tell warm from busy. */
export function stateOf({ state, calls = 0, rate: rows = 0 }, places) {
  if (state !== "ready") return state;
  const isBusy = places ? calls > places / 2 : rows > 0;
  return isBusy ? "busy" : "warm";
}

export const keyOf = ({ slot, name }) => `${slot} ${name}`;

/**
 * Of more than twelve, the eleven busiest in the order of their slots, and what the others sum up to. Of equally busy ones
 * those stay that are `drawn` already, by their keys.
 */
export function listed(processors, drawn = []) {
  if (processors.length <= MOST) return { shown: processors, rest: [] };
  const kept = new Set(drawn);
  const place = (it) => (kept.has(keyOf(it)) ? 0 : 1);
  const busiest = [...processors].sort((a, b) => Math.round(b.calls ?? 0) - Math.round(a.calls ?? 0) || place(a) - place(b));
  const shown = busiest.slice(0, MOST - 1).sort((a, b) => a.slot - b.slot);
  return { shown, rest: busiest.slice(MOST - 1) };
}

/** Draws the lanes into the list `root`. */
export class Lanes {
  #lanes = new Map();
  #note;

  constructor(root) {
    this.root = root;
  }

  /** Returns the lanes as they are drawn now, for the lines that join them: `{ node, slot, calls, state }`. */
  update(state) {
    const { processors, places, cold_start_ms } = state;
    const { shown, rest } = listed(processors, this.#lanes.keys());
    const most = Math.max(1, ...shown.map((it) => it.calls ?? 0));
    const keys = shown.map(keyOf);
    for (const [key, lane] of this.#lanes) if (!keys.includes(key)) this.#remove(key, lane);
    const drawn = shown.map((it, i) => {
      const lane = this.#lanes.get(keys[i]) ?? new Lane(it.slot, places);
      this.#lanes.set(keys[i], lane);
      if (this.root.children[i] !== lane.node) this.root.insertBefore(lane.node, this.root.children[i] ?? null);
      lane.update(it, { places, most, startMs: cold_start_ms ?? USUAL_START_MS });
      return { node: lane.node, slot: it.slot, calls: it.calls ?? 0, state: it.state };
    });
    const rows = shown.length + (rest.length > 0 ? 1 : 0);
    this.root.className = `lanes ${rows > 6 ? "two" : rows < 4 ? "few" : ""}`;
    this.root.style.setProperty("--rows", Math.ceil(rows / 2));
    this.#say(shown.length, rest, whyNone(state));
    return drawn;
  }

  #remove(key, lane) {
    lane.node.remove();
    this.#lanes.delete(key);
  }

  /** The row below the lanes: that none runs, or how many more there are. */
  #say(shown, rest, none) {
    const calls = Math.round(rest.reduce((sum, it) => sum + (it.calls ?? 0), 0));
    const text = rest.length > 0 ? texts.labels.more(rest.length, calls) : shown === 0 ? none : "";
    this.#note ??= make("li", "lane asleep");
    if (text === "") this.#note.remove();
    else if (this.#note.parentNode !== this.root || this.root.lastChild !== this.#note) this.root.append(this.#note);
    write(this.#note, text);
  }

  /** The row of sleeping processors, if it is there: a line leads to it, too. */
  get asleep() {
    return this.root.querySelector(":scope > .asleep") ?? undefined;
  }
}

class Lane {
  #cells = [];
  #places;

  constructor(slot) {
    this.slot = slot;
    const style = styleOf(slot);
    this.label = make("span", "unseen");
    this.bar = mute(make("span", "cells"));
    this.rate = mute(make("span", "rate"));
    this.word = mute(make("span", "word"));
    const number = mute(make("b", "", slot > 0 ? String(slot) : "–"));
    this.node = make("li", "", this.label, make("i", `shape slot-${style}`), number, this.bar, this.rate, this.word);
  }

  update(processor, { places, most, startMs }) {
    const state = stateOf(processor, places);
    const calls = processor.calls ?? 0;
    const isStarting = state === "starting";
    const className = `lane slot-${styleOf(this.slot)} ${state}`;
    if (this.node.className !== className) this.node.className = className;
    if (isStarting) this.#fill("boot", Math.min(1, (processor.for_ms ?? 0) / startMs));
    else if (places && places <= MOST_PLACES) this.#place(places, calls);
    else this.#fill("plain", calls / (places ?? most));
    write(this.rate, isStarting ? texts.labels.seconds(seconds(processor.for_ms ?? 0)) : rateOf(processor, state));
    write(this.word, texts.states[state] ?? state);
    const said = { slot: this.slot, name: processor.name, state: texts.states[state] ?? state, calls: Math.round(calls), rate: rate(processor.rate ?? 0) };
    write(this.label, texts.labels.lane(said));
  }

  /** One cell for each call that it can take at a time. */
  #place(places, calls) {
    if (this.#places !== places) {
      this.#places = places;
      this.#cells = Array.from({ length: places }, () => make("i"));
      this.bar.className = "cells";
      this.bar.style.setProperty("--places", places);
      this.bar.replaceChildren(...this.#cells);
    }
    const filled = calls > 0.05 ? Math.max(1, Math.round(calls)) : 0;
    this.#cells.forEach((cell, i) => cell.classList.toggle("on", i < filled));
  }

  /** A bar that is filled in part: while it starts, and where the places are unknown or too many. */
  #fill(kind, share) {
    if (this.#places !== kind) {
      this.#places = kind;
      this.bar.className = `cells ${kind}`;
      this.bar.replaceChildren(make("i"));
    }
    this.bar.style.setProperty("--fill", share.toFixed(3));
  }
}

/** What stands in the place of lanes. Where nobody tells how many run, it is not known that none does. */
function whyNone(state) {
  if (isOffByHand(state)) return texts.labels.off;
  return state.wanted === null ? "" : texts.labels.wakes;
}

const rateOf = (processor, state) =>
  ["gone", "died", "frozen"].includes(state) ? "" : `${rate(processor.rate ?? 0)}${texts.labels.perSecond}`;
