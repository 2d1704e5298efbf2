// One's own last messages and what became of them. The tab remembers them over a reload.

import { keyOf, recall, remember } from "../memory.js";
import { texts } from "./texts.js";

const STORAGE_KEY = keyOf("own");
const MOST = 20;

/** Where a message is after a reload: a kept one was not sent, and of one under way it is not known. */
const AFTER_RELOAD = { kept: "unsent", held: "unsent", sending: "unsure", now: "was" };
/** Of these nothing more is to come, so they may leave the list. */
const FINAL = new Set(["was", "folded", "stored", "blocked", "gone", "expired", "unknown", "refused"]);

const hex = (bytes) => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (it) => it.toString(16).padStart(2, "0")).join("");

/**
 * The messages, the oldest first. Each has `text`, `name`, `state` and `trace`: the id of its trace, which the page
 * chooses, so that it knows its message again even if the answer to its request is lost. Calls `onChange(entry, isNew)`.
 */
export class Own {
  constructor(onChange) {
    this.onChange = onChange;
    const stored = recall(STORAGE_KEY);
    this.entries = (Array.isArray(stored) ? stored : []).filter(isEntry).slice(-MOST);
    for (const entry of this.entries) entry.state = AFTER_RELOAD[entry.state] ?? entry.state;
  }

  add(text, name) {
    const entry = { text, name, trace: hex(16) };
    if (this.entries.length >= MOST) this.entries.splice(this.#oldest, 1);
    this.entries.push(entry);
    return entry; // its state comes from the outbox
  }

  /** Whether one more has a place in the list. */
  get hasRoom() {
    return this.entries.length < MOST || this.#oldest >= 0;
  }

  get #oldest() {
    return this.entries.findIndex(({ state }) => FINAL.has(state));
  }

  change(entry, values) {
    const isOther = values.state !== undefined && values.state !== entry.state;
    Object.assign(entry, values);
    this.#changed(entry, isOther);
  }

  /** The message that this bullet, or this row, is. */
  find({ id, trace }) {
    return this.entries.find((entry) => entry.id === id || entry.trace === trace);
  }

  /** Those that Kafka has and of which no more is known. */
  get waiting() {
    return this.entries.filter(({ state }) => state === "waiting");
  }

  #changed(entry, isOther) {
    remember(STORAGE_KEY, this.entries);
    this.onChange(entry, isOther);
  }
}

/** One of a page of another version may have a state that this one does not know. */
const isEntry = (it) => typeof it?.text === "string" && Object.hasOwn(texts.states, it.state) && typeof it.trace === "string";

/** W3C Trace Context: this trace, a span of its own, not sampled. */
export const traceparent = ({ trace }) => `00-${trace}-${hex(8)}-00`;
