// Asks for messages that the feed has not brought: it shows only what is on the wall, and at a rush not all of that.

import { address, call, Refused } from "../feed/calls.js";

/** After so long since Kafka has it, and then so long after each answer. */
const PAUSES_MS = [2500, 2000, 4000, 8000, 15_000];
const STATES = new Set(["waiting", "stored", "finished_without_row", "expired"]);

const isProgress = (json) => STATES.has(json?.state);

/** Asks one question at a time. Calls `onFound(entry, progress)`; `progress` is undefined if there is no such record. */
export class Lookups {
  #due = new WeakMap(); // when each message is asked for: `{ at, tries }`
  #timer;
  #isVisible = true;
  #isAsking = false;

  constructor(own, onFound) {
    this.own = own;
    this.onFound = onFound;
  }

  /** A message waits, or the page was loaded again: it is asked for if the feed does not bring it. */
  watch(entry) {
    if (!this.#due.has(entry)) this.#plan(entry, 0);
    this.#wake();
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    this.#wake();
  }

  #plan(entry, tries, least = 0) {
    const pause = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)] * (0.8 + 0.4 * Math.random());
    this.#due.set(entry, { at: performance.now() + Math.max(pause, least), tries });
  }

  #wake() {
    clearTimeout(this.#timer);
    const open = this.own.waiting.filter((entry) => this.#due.has(entry));
    if (!this.#isVisible || this.#isAsking || open.length === 0) return;
    const at = (entry) => this.#due.get(entry).at;
    const [next] = open.sort((a, b) => at(a) - at(b));
    this.#timer = setTimeout(() => this.#ask(next), Math.max(0, at(next) - performance.now()));
  }

  async #ask(entry) {
    this.#isAsking = true;
    const { tries } = this.#due.get(entry);
    let least;
    try {
      const { json } = await call(address(`messages/${entry.partition}/${entry.offset}`), { isRight: isProgress });
      if (entry.state === "waiting") this.onFound(entry, json, tries);
    } catch (error) {
      const isLost = error instanceof Refused && error.status === 404 && error.isOurs;
      if (isLost && entry.state === "waiting") this.onFound(entry, undefined, tries);
      least = (error.retryAfter ?? 0) * 1000;
    }
    this.#plan(entry, tries + 1, least);
    this.#isAsking = false;
    this.#wake();
  }
}
