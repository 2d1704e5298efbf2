// The burst of this tab: starts it, follows it until everything is stored, and stops it.

import { address, call, Intercepted, Malformed, Refused } from "../feed/calls.js";
import { retryDelay } from "../feed/pace.js";
import { isBurst } from "../feed/shapes.js";
import { keyOf, recall, remember } from "../memory.js";

const POLL_MS = 500;
const POST_DEADLINE_MS = 10_000;
const UNWATCHED_MS = 3000;
const STORAGE_KEY = keyOf("burst"); // a reload finds its burst again
/** Until the table has a burst's row, another homepage does not know the burst. */
const MOST_UNKNOWN = 3;
const ENDED = new Set(["done", "stopped", "failed"]);

/**
 * Calls `onChange({ phase, … })`. Phases: posting; refused, intercepted, malformed or unsure when no burst is known;
 * then the states of the server's burst (running, draining, done, stopped, failed), stopping once Stop is pressed, lost
 * when the server does not know it.
 */
export class Burst {
  #followed;
  #timer;
  #isVisible = true;

  constructor(onChange) {
    this.onChange = onChange;
  }

  async send(values) {
    this.#leave();
    this.onChange({ phase: "posting" });
    const { message, duration } = values;
    const startedAt = Date.now();
    let answer;
    try {
      const request = { method: "POST", body: values, deadline: POST_DEADLINE_MS, isRight: isBurst };
      answer = await call(address("bursts"), request);
    } catch (error) {
      this.onChange({ phase: phaseOf(error), error });
      return;
    }
    const location = answer.response.headers.get("location") ?? address(`bursts/${answer.json.id}`);
    const stopToken = answer.json.stop_token; // a browser may keep no cookie
    this.#follow({ address: location, message, duration, startedAt, stopToken }, answer.json);
  }

  /** After a reload: goes on with the burst that this tab had started. */
  resume() {
    const stored = recall(STORAGE_KEY);
    if (typeof stored?.address !== "string") return;
    this.#followed = { ...stored, isWatched: false, shown: 0 };
    this.#poll(this.#followed);
  }

  /**
   * Reports the phase at once. Messages that are accepted already still arrive. Resolves to whether the server has
   * agreed; if it has not, the reports say so until Stop is pressed again.
   */
  async stop() {
    const followed = this.#followed;
    if (!followed) return true;
    Object.assign(followed, { isStopping: true, isUnstopped: false });
    this.#report(followed.latest);
    const headers = followed.stopToken && { authorization: `Bearer ${followed.stopToken}` };
    try {
      await call(followed.address, { method: "DELETE", headers });
      return true;
    } catch {
      Object.assign(followed, { isStopping: false, isUnstopped: true });
      if (this.#followed === followed) this.#report(followed.latest);
      return false;
    }
  }

  /** Whether the burst that is under way has sent this bullet. */
  has(bullet) {
    return bullet.burst === this.#followed?.latest?.id;
  }

  /** What the burst that is under way says. */
  get message() {
    return this.#followed?.message;
  }

  /** Bullets that people can read stand for `n` more of its messages. */
  shown(n) {
    if (this.#followed) this.#followed.shown += n;
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    clearTimeout(this.#timer);
    if (isVisible && this.#followed) this.#poll(this.#followed);
  }

  #follow(burst, latest) {
    remember(STORAGE_KEY, burst);
    this.#followed = { ...burst, latest, isWatched: true, shown: 0, polledAt: Date.now() };
    this.#report(latest);
    this.#poll(this.#followed);
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#followed = undefined;
    remember(STORAGE_KEY, undefined);
  }

  async #poll(followed) {
    try {
      const { json } = await call(followed.address, { isRight: isBurst });
      followed.failures = followed.unknown = 0;
      if (this.#followed === followed) this.#take(followed, json);
    } catch (error) {
      followed.failures = (followed.failures ?? 0) + 1;
      const isUnknown = error instanceof Refused && error.status === 404 && error.isOurs;
      followed.unknown = isUnknown ? (followed.unknown || 0) + 1 : 0;
      if (followed.unknown > MOST_UNKNOWN && this.#followed === followed) {
        this.#leave();
        this.onChange({ phase: "lost" });
      }
    }
    if (this.#followed !== followed || !this.#isVisible) return;
    clearTimeout(this.#timer);
    const delay = followed.failures > 0 ? retryDelay(followed.failures) : POLL_MS;
    this.#timer = setTimeout(() => this.#poll(followed), delay);
  }

  #take(followed, latest) {
    const now = Date.now();
    // A hidden page does not know when the burst ended.
    if (now - followed.polledAt > UNWATCHED_MS) followed.isWatched = false;
    followed.polledAt = now;
    followed.latest = latest;
    this.#report(latest);
    if (ENDED.has(latest.state)) this.#leave();
  }

  #report(latest) {
    const { message, duration, startedAt, isWatched, isStopping, isUnstopped, shown } = this.#followed;
    this.onChange({
      phase: isStopping && latest.state === "running" ? "stopping" : latest.state,
      message,
      duration,
      latest,
      elapsed: (Date.now() - startedAt) / 1000,
      isWatched,
      isUnstopped,
      shown,
    });
  }
}

/** What a failed call says about the burst: a page of the network means that the server has not seen the request. */
function phaseOf(error) {
  if (error instanceof Refused) return "refused";
  if (error instanceof Intercepted) return "intercepted";
  return error instanceof Malformed || error instanceof SyntaxError ? "malformed" : "unsure";
}
