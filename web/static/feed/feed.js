// Asks for the feed: one request at a time, the cursor taken from the last reply. The server holds it back for news.

import { address, call, Intercepted, Refused } from "./calls.js";
import { pollDelay, retryDelay, waitDelay } from "./pace.js";
import { isReply } from "./shapes.js";

const FIRST = 100;
const MOST = 500;
/** A proxy's Retry-After may be an hour. The page asks again before that. */
const MOST_RETRY_AFTER_S = 60;
const AFTER_ABSENCE = 200;
const ABSENCE_MS = 30_000;
/** Whoever logs in to a network waits for the page, so it does not try as seldom as after a long outage. */
const MOST_PATIENCE = 3;
/** A proxy may refuse a cursor, too: its address is too long (414), or its header (431). */
const CURSOR_REFUSED = new Set([400, 410, 414, 422, 431]);

/**
 * Calls `onReply(reply)` and, for each failure, `onFailure({ failures, retryAt, reason })`; times are
 * performance.now(). Of a reply, `unseen` is how many messages came without their bullets since the one before, and
 * `unasked` how long the feed had not asked before it, in ms; undefined after an absence or a failure. The reasons:
 * offline, intercepted by a page of the network, broken when the reply cannot be shown. Nothing that is thrown ends it,
 * here or in what it calls.
 */
export class Feed {
  #cursor;
  #hasReplied = false;
  #isRunning = false;
  #isSure = false; // the server has just replied
  #cuts = 0; // of requests that waited
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
    this.#isSure = false;
    this.#cuts = 0;
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
    if (!this.#isRunning || this.#failures > 0 || this.#request) return;
    clearTimeout(this.#timer);
    this.#poll();
  }

  /**
   * For how many seconds a request waits: not long, because only a reply shows that the server is there, and not at all
   * where two in a row were cut off.
   */
  get #wait() {
    if (!this.#isSure || !this.#cursor || this.#cuts > 1) return 0;
    return this.#empty > 0 ? 5 : 1;
  }

  async #poll() {
    const request = new AbortController();
    this.#request = request;
    const [isFirst, isContinued] = [!this.#hasReplied, this.#cursor !== undefined];
    const [askedAt, wait] = [performance.now(), this.#wait];
    const unasked = this.#isSure ? performance.now() - this.#lastReply : undefined;
    try {
      const deadline = 4000 + wait * 1000;
      const { json } = await call(this.#address(wait), { controller: request, deadline, isRight: isReply });
      if (this.#request !== request) return;
      const unseen = isContinued ? Math.max(0, json.passed - json.bullets.length) : 0;
      this.#take({ ...json, isFirst, unseen, wait, askedAt, unasked });
    } catch (error) {
      if (this.#request !== request) return;
      if (wait) this.#cuts += 1;
      this.#fail(error);
    }
  }

  #address(wait) {
    const query = new URLSearchParams({ limit: this.#limit() });
    if (wait) query.set("wait", wait);
    if (this.#cursor !== undefined) query.set("after", this.#cursor);
    return address(`feed?${query}`);
  }

  /** After a long absence only the newest bullets fly; `passed` still counts all. */
  #limit() {
    if (this.#cursor === undefined) return FIRST;
    return performance.now() - this.#lastReply > ABSENCE_MS ? AFTER_ABSENCE : MOST;
  }

  /**
   * A reply that cannot be shown counts as a failed try, and is not requested again. A homepage that has just
   * started has no cursor to give yet.
   */
  #take(reply) {
    const busy = reply.passed > 0 || reply.totals.waiting > 0 || reply.problems.length > 0;
    this.#empty = busy ? 0 : this.#empty + 1;
    this.#cursor = reply.cursor || undefined;
    this.#hasReplied ||= reply.cursor !== "";
    this.#lastReply = performance.now();
    this.#show(reply);
    this.#failures = 0;
    this.#isSure = true;
    if (reply.wait) this.#cuts = 0;
    const delay = pollDelay(reply.poll_after_ms, this.#empty);
    this.#again(this.#wait ? waitDelay(reply.wait && reply.poll_after_ms) : delay);
  }

  #show(reply) {
    try {
      this.onReply(reply);
    } catch (error) {
      console.error("a reply cannot be shown", error);
      throw new Broken();
    }
  }

  #fail(error) {
    const isRefused = error instanceof Refused && CURSOR_REFUSED.has(error.status);
    if (isRefused && this.#cursor !== undefined) {
      this.#cursor = undefined;
      this.#poll(); // From the newest. The server answers, so this is no failure.
      return;
    }
    this.#failures += 1;
    this.#isSure = false;
    const reason = reasonOf(error);
    const tries = reason === "intercepted" ? Math.min(this.#failures, MOST_PATIENCE) : this.#failures;
    const delay = Math.max(retryDelay(tries), Math.min(error.retryAfter ?? 0, MOST_RETRY_AFTER_S) * 1000);
    this.#again(delay);
    this.onFailure({ failures: this.#failures, retryAt: performance.now() + delay, reason });
  }

  #again(delay) {
    this.#request = undefined;
    this.#timer = setTimeout(() => this.#poll(), delay);
  }
}

/** The page failed, not the server. */
class Broken extends Error {}

function reasonOf(error) {
  if (error instanceof Intercepted) return "intercepted";
  return error instanceof Broken ? "broken" : "offline";
}
