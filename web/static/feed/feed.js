// Asks for the feed: one request at a time, the cursor taken from the last reply. A request waits for news on the server,
// unless what is in between cuts it off.

import { address, call, Intercepted, Refused } from "./calls.js";
import { askDelay, pollDelay, retryDelay } from "./pace.js";
import { isReply } from "./shapes.js";

const FIRST = 100;
const MOST = 500;
/** A proxy's Retry-After may be an hour. The page asks again before that. */
const MOST_RETRY_AFTER_S = 60;
/** Only an answer shows that the server is there. So the page waits for less than the server would, and asks again. */
const WAIT_S = 5;
/** … and sooner while messages wait or a part is down: the page says for how long. */
const BUSY_WAIT_S = 1;
const DEADLINE_MS = 4000;
/** After so many requests in a row that were cut off while they waited, the page polls. */
const MOST_CUTS = 2;
const AFTER_ABSENCE = 200;
const ABSENCE_MS = 30_000;
/** Whoever logs in to a network waits for the page, so it does not try as seldom as after a long outage. */
const MOST_PATIENCE = 3;
/** A proxy may refuse a cursor, too: its address is too long (414), or its header (431). */
const CURSOR_REFUSED = new Set([400, 410, 414, 422, 431]);

/**
 * Calls `onReply(reply)` and, for each failure, `onFailure({ failures, retryAt, reason })`; times are
 * performance.now(). The reasons: offline, intercepted by a page of the network, broken when the reply cannot be shown.
 * Nothing that is thrown ends it, here or in what it calls.
 */
export class Feed {
  #cursor;
  #hasReplied = false;
  #isRunning = false;
  #isCalm = false; // the last answer was right, since the start
  #cuts = 0;
  #empty = 0;
  #failures = 0;
  #lastReply = performance.now();
  #timer;
  #request;

  constructor({ onReply, onFailure }) {
    this.onReply = onReply;
    this.onFailure = onFailure;
  }

  /** Asks for what is there now, and goes on. */
  start() {
    this.stop();
    this.#isRunning = true;
    this.#isCalm = false;
    this.#cuts = 0;
    this.#poll();
  }

  stop() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = undefined;
  }

  /** Something was sent from here, so its bullets come soon: asks at once. Does nothing while the page is hidden. */
  hurry() {
    this.#empty = 0;
    if (!this.#isRunning || this.#failures > 0 || this.#request) return;
    clearTimeout(this.#timer);
    this.#poll();
  }

  /** The first request, and each after a failure, is answered at once. It shows whether the server is there. */
  get #waits() {
    return this.#isCalm && this.#cursor !== undefined && this.#cuts < MOST_CUTS;
  }

  get #wait() {
    return this.#empty > 0 ? WAIT_S : BUSY_WAIT_S;
  }

  async #poll() {
    const request = new AbortController();
    this.#request = request;
    const [isFirst, isContinued] = [!this.#hasReplied, this.#cursor !== undefined];
    const [askedAt, isWaited] = [Date.now(), this.#waits];
    const deadline = DEADLINE_MS + (isWaited ? this.#wait * 1000 : 0);
    try {
      const { json } = await call(this.#address(), { controller: request, deadline, isRight: isReply });
      if (this.#request === request) this.#take({ ...json, isFirst, isContinued, isWaited, askedAt });
    } catch (error) {
      if (this.#request !== request) return;
      if (isWaited) this.#cuts += 1;
      this.#fail(error);
    }
  }

  #address() {
    const query = new URLSearchParams({ limit: this.#limit() });
    if (this.#waits) query.set("wait", this.#wait);
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
    this.#isCalm = true;
    if (reply.isWaited) this.#cuts = 0;
    const paces = reply.isWaited ? reply.poll_after_ms : 0; // of a poll, it is for those who go on polling
    this.#again(this.#waits ? askDelay(paces) : pollDelay(reply.poll_after_ms, this.#empty));
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
    this.#isCalm = false;
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
