// What goes when: one message at a time, with a pause in between. One more is kept, and goes when it may.

import { retryDelay } from "../feed/pace.js";
import { keyOf, recall, remember } from "../memory.js";
import { fateOf, post } from "./post.js";

/** All tabs of a browser share their pause, because the server counts the browser. */
const STORAGE_KEY = keyOf("open-at");
const MOST_PAUSE_MS = 60_000;
/** So long a message is tried by itself. */
const MOST_TRYING_MS = 120_000;
/** So that a room that was refused together does not come back together. */
const JITTER_MS = 400;

/**
 * Changes the states of `own`. `onPause()` is called when the pause has changed, `onSent()` when Kafka has a message,
 * `onTrouble(reason)` when the next try has to wait for the server or the network, and without a reason when
 * none has to wait for them any more.
 */
export class Outbox {
  #queue = []; // the one that is kept; before it, one that the server did not take
  #isBusy = false;
  #isOnline = true;
  #openAt; // in ms since the epoch
  #pauseMs = 0; // how long the last pause is
  #timer;

  constructor(own, { onPause, onSent, onTrouble }) {
    this.own = own;
    Object.assign(this, { onPause, onSent, onTrouble });
    this.#openAt = recallTime();
    this.#pauseMs = this.pause.left;
    addEventListener("storage", ({ key }) => key === STORAGE_KEY && this.#follow());
  }

  /** Whether one more message may be kept. */
  get hasRoom() {
    this.#tidy();
    return this.#queue.length === 0;
  }

  /** How long no message may go, in ms, and how much of that pause is over, 0 to 1. */
  get pause() {
    const left = Math.min(MOST_PAUSE_MS, Math.max(0, this.#openAt - Date.now()));
    return { left, over: left > 0 ? Math.max(0, 1 - left / Math.max(left, this.#pauseMs)) : 1 };
  }

  /** Keeps a message, and sends it as soon as it may. */
  send(entry) {
    this.#queue.push(entry);
    this.own.change(entry, { state: this.#kept, tries: 0, since: undefined });
    this.#go();
  }

  /** While the server cannot be reached, nothing is tried. */
  setOnline(isOnline) {
    if (this.#isOnline === isOnline) return;
    this.#isOnline = isOnline;
    this.#tidy();
    for (const entry of this.#queue) this.own.change(entry, { state: this.#kept, since: undefined });
    this.#go();
  }

  get #kept() {
    return this.#isOnline ? "kept" : "held";
  }

  /** The feed may bring a message of which it was not known whether it was sent, and that waits to be sent again. */
  #tidy() {
    this.#queue = this.#queue.filter(({ state }) => state === "kept" || state === "held");
  }

  #go() {
    clearTimeout(this.#timer);
    this.#tidy();
    const [entry] = this.#queue;
    if (!entry || this.#isBusy || !this.#isOnline) return;
    const { left } = this.pause;
    if (left > 0) this.#timer = setTimeout(() => this.#go(), left);
    else this.#post(this.#queue.shift());
  }

  async #post(entry) {
    this.#isBusy = true;
    this.own.change(entry, { state: "sending" });
    const { answer, error } = await post(entry).then((it) => ({ answer: it }), (it) => ({ error: it }));
    this.#isBusy = false;
    if (answer) this.#sent(entry, answer);
    else this.#fail(entry, error);
    this.#go();
  }

  #sent(entry, { id, partition, offset, cooldown_ms = 0 }) {
    // The feed may have been faster.
    const state = entry.state === "sending" ? "waiting" : entry.state;
    this.own.change(entry, { state, id, partition, offset });
    this.#wait(cooldown_ms);
    this.onTrouble();
    this.onSent(entry);
  }

  #fail(entry, error) {
    const { fate, reason } = fateOf(error);
    const isOver = fate === "later" && Date.now() - (entry.since ??= Date.now()) >= MOST_TRYING_MS;
    const tries = entry.tries + 1;
    if (error.status === 429 || (fate === "later" && !isOver)) this.#wait(pauseOf(error, tries));
    const isWaiting = fate === "later" && !isOver && entry.state === "sending";
    this.onTrouble(isWaiting ? reason : undefined);
    if (entry.state !== "sending") return; // an earlier try was not in vain: the feed has it
    if (isWaiting) {
      this.#queue.unshift(entry); // nothing was sent
      this.own.change(entry, { state: this.#kept, tries });
    } else if (isOver) this.own.change(entry, { state: "failed", why: reason });
    else if (fate === "unsure") this.own.change(entry, { state: "unsure" });
    else this.own.change(entry, { state: "refused", status: error.status, detail: error.errors?.[0]?.detail });
  }

  #wait(ms) {
    this.#pauseMs = Math.min(ms, MOST_PAUSE_MS);
    this.#openAt = Date.now() + this.#pauseMs;
    remember(STORAGE_KEY, this.#openAt, "localStorage");
    this.onPause();
  }

  /** Another tab has sent. */
  #follow() {
    this.#openAt = Math.max(this.#openAt, recallTime());
    this.#pauseMs = this.pause.left;
    this.onPause();
    this.#go();
  }
}

/** So long nothing goes after a failed try: as the server says, and longer with each. A proxy may say an hour. */
function pauseOf({ retryAfter = 0 }, tries) {
  return Math.max(retryDelay(tries), retryAfter * 1000 + Math.random() * JITTER_MS);
}

/** The clock may have been ahead when this was written. */
function recallTime() {
  const at = recall(STORAGE_KEY, "localStorage");
  return at <= Date.now() + MOST_PAUSE_MS ? at : 0;
}
