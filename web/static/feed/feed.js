// Polls the feed: one request at a time, the cursor taken from the last reply, slower while nothing happens.

import { address, call, Refused } from "./calls.js";
import { pollDelay, retryDelay } from "./pace.js";

const FIRST = 100;
const MOST = 500;
const AFTER_ABSENCE = 200;
const ABSENCE_MS = 30_000;
/** A proxy may refuse a cursor, too: its address is too long (414), or its header (431). */
const CURSOR_REFUSED = new Set([400, 410, 414, 422, 431]);

/** Calls `onReply(reply)` and, for each failure, `onFailure({ failures, retryAt })`; times are performance.now(). */
export class Feed {
  #cursor;
  #hasReplied = false;
  #isRunning = false;
  #empty = 0;
  #failures = 0;
  #lastReply = performance.now();
  #timer;
  #request;

  constructor({ onReply, onFailure }) {
    this.onReply = onReply;
    this.onFailure = onFailure;
  }

  /** Polls at once and goes on. */
  start() {
    this.stop();
    this.#isRunning = true;
    this.#poll();
  }

  stop() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = undefined;
  }

  /** Something was sent from here, so its bullets come soon: polls at once. Does nothing while the page is hidden. */
  hurry() {
    this.#empty = 0;
    if (this.#isRunning && this.#failures === 0) this.start();
  }

  async #poll() {
    const request = new AbortController();
    this.#request = request;
    const [isFirst, isContinued] = [!this.#hasReplied, this.#cursor !== undefined];
    const askedAt = Date.now();
    let reply;
    try {
      reply = (await call(this.#address(), { signal: request.signal })).json;
    } catch (error) {
      if (this.#request === request) this.#fail(error);
      return;
    }
    // Outside of the try: an error while a reply is shown is no failure of the server.
    if (this.#request === request) this.#take(reply, { isFirst, isContinued, askedAt });
  }

  #address() {
    const query = new URLSearchParams({ limit: this.#limit() });
    if (this.#cursor !== undefined) query.set("after", this.#cursor);
    return address(`feed?${query}`);
  }

  /** After a long absence only the newest bullets fly; `passed` still counts all. */
  #limit() {
    if (this.#cursor === undefined) return FIRST;
    return performance.now() - this.#lastReply > ABSENCE_MS ? AFTER_ABSENCE : MOST;
  }

  /** A homepage that has just started has no cursor to give yet. */
  #take(reply, { isFirst, isContinued, askedAt }) {
    const busy = reply.passed > 0 || reply.totals.waiting > 0;
    this.#empty = busy ? 0 : this.#empty + 1;
    this.#failures = 0;
    this.#cursor = reply.cursor || undefined;
    this.#hasReplied ||= reply.cursor !== "";
    this.#lastReply = performance.now();
    this.#again(pollDelay(reply.poll_after_ms, this.#empty));
    this.onReply({ ...reply, isFirst, isContinued, askedAt });
  }

  #fail(error) {
    const isRefused = error instanceof Refused && CURSOR_REFUSED.has(error.status);
    if (isRefused && this.#cursor !== undefined) {
      this.#cursor = undefined;
      this.#poll(); // From the newest. The server answers, so this is no failure.
      return;
    }
    this.#failures += 1;
    const delay = Math.max(retryDelay(this.#failures), (error.retryAfter ?? 0) * 1000);
    this.#again(delay);
    this.onFailure({ failures: this.#failures, retryAt: performance.now() + delay });
  }

  #again(delay) {
    this.#request = undefined;
    this.#timer = setTimeout(() => this.#poll(), delay);
  }
}
