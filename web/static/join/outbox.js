// What goes when: one message at a time, with a pause in between. One more is kept, and goes when it may.

import { address } from "../feed/calls.js";
import { retryDelay } from "../feed/pace.js";
import { fateOf, post } from "./post.js";

/** All tabs of a browser share their pause, because the server counts the browser. */
const STORAGE_KEY = `barrage.open-at ${address("")}`;
const MOST_PAUSE_MS = 60_000;
const MOST_TRIES = 5;
/** So that a room that was refused together does not come back together. */
const JITTER_MS = 400;

/**
 * Changes the states of `own`. `onPause()` is called when the pause has changed, `onSent()` when Kafka has a message,
 * `onTrouble(reason)` when the next try has to wait for the server or the network, and without a reason after one that went well.
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
    this.own.change(entry, { state: this.#isOnline ? "kept" : "held", tries: 0 });
    this.#go();
  }

  /** While the server cannot be reached, nothing is tried. */
  setOnline(isOnline) {
    if (this.#isOnline === isOnline) return;
    this.#isOnline = isOnline;
    this.#tidy();
    for (const entry of this.#queue) this.own.change(entry, { state: isOnline ? "kept" : "held" });
    this.#go();
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
    try {
      const { id, partition, offset, cooldown_ms = 0 } = await post(entry);
      // The feed may have been faster.
      const state = entry.state === "sending" ? "waiting" : entry.state;
      this.own.change(entry, { state, id, partition, offset });
      this.#wait(cooldown_ms);
      this.onTrouble();
      this.onSent(entry);
    } catch (error) {
      this.#fail(entry, error);
    }
    this.#isBusy = false;
    this.#go();
  }

  #fail(entry, error) {
    const { fate, reason } = fateOf(error);
    if (fate === "later") this.#again(entry, reason, error.retryAfter);
    else if (entry.state !== "sending") return; // the feed has it
    else if (fate === "unsure") this.own.change(entry, { state: "unsure" });
    else this.own.change(entry, { state: "refused", status: error.status, detail: error.errors[0]?.detail });
  }

  /** Nothing was sent, so it may be tried again by itself, but not for ever. */
  #again(entry, reason, retryAfter) {
    const tries = entry.tries + 1;
    const pause = retryAfter ? retryAfter * 1000 + Math.random() * JITTER_MS : retryDelay(tries);
    this.#wait(pause);
    if (tries >= MOST_TRIES || pause > MOST_PAUSE_MS) {
      this.own.change(entry, { state: "failed", why: reason });
      this.onTrouble();
      return;
    }
    this.#queue.unshift(entry);
    this.own.change(entry, { state: "kept", tries });
    this.onTrouble(reason);
  }

  #wait(ms) {
    this.#pauseMs = ms;
    this.#openAt = Date.now() + ms;
    keepTime(this.#openAt);
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

function keepTime(at) {
  try {
    localStorage.setItem(STORAGE_KEY, String(at));
  } catch {
    // then each tab knows only its own pauses
  }
}

function recallTime() {
  try {
    return Number(localStorage.getItem(STORAGE_KEY)) || 0;
  } catch {
    return 0;
  }
}
