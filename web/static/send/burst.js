// The burst of this tab: asks the server for it, follows it until everything is stored, and stops it.

import { call, Refused } from "../feed/calls.js";

const POLL_MS = 500;
const POST_DEADLINE_MS = 10_000;
const UNWATCHED_MS = 3000;
const STORAGE_KEY = "barrage.burst"; // a reload finds its burst again
const ENDED = new Set(["done", "stopped", "failed"]);

/**
 * Calls `onChange({ phase, … })`. Phases: posting, refused, unsure, then the states of the server's burst
 * (running, draining, done, stopped, failed), stopping as soon as Stop was pressed, lost when it is unknown.
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
    try {
      const { response, json } = await call("/bursts", {
        method: "POST",
        body: values,
        deadline: POST_DEADLINE_MS,
      });
      this.#follow({ address: response.headers.get("location"), message, duration, startedAt }, json);
    } catch (error) {
      this.onChange(error instanceof Refused ? { phase: "refused", error } : { phase: "unsure" });
    }
  }

  /** After a reload: goes on with the burst that this tab had started. */
  resume() {
    const stored = sessionStorage.getItem(STORAGE_KEY);
    if (!stored) return;
    this.#followed = { ...JSON.parse(stored), isWatched: false, shown: 0 };
    this.#poll(this.#followed);
  }

  /** Says so at once; what was already accepted still arrives. */
  async stop() {
    const followed = this.#followed;
    if (!followed) return;
    followed.isStopping = true;
    this.#report(followed.latest);
    try {
      await call(followed.address, { method: "DELETE" });
    } catch {
      followed.isStopping = false; // the next poll says what is true, and Stop can be pressed again
    }
  }

  /** Whether the burst that is under way has sent this bullet. */
  has(bullet) {
    return bullet.burst === this.#followed?.latest?.id;
  }

  /** So many of its messages are represented by bullets now. */
  shown(n) {
    if (this.#followed) this.#followed.shown += n;
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    clearTimeout(this.#timer);
    if (isVisible && this.#followed) this.#poll(this.#followed);
  }

  #follow(burst, latest) {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(burst));
    this.#followed = { ...burst, latest, isWatched: true, shown: 0, polledAt: Date.now() };
    this.#report(latest);
    this.#poll(this.#followed);
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#followed = undefined;
    sessionStorage.removeItem(STORAGE_KEY);
  }

  async #poll(followed) {
    try {
      const { json } = await call(followed.address);
      if (this.#followed === followed) this.#take(followed, json);
    } catch (error) {
      const isLost = error instanceof Refused && error.status === 404;
      if (isLost && this.#followed === followed) {
        this.#leave();
        this.onChange({ phase: "lost" });
      }
    }
    if (this.#followed !== followed || !this.#isVisible) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(followed), POLL_MS);
  }

  #take(followed, latest) {
    const now = Date.now();
    // Who looks away cannot say when it ended.
    if (now - followed.polledAt > UNWATCHED_MS) followed.isWatched = false;
    followed.polledAt = now;
    followed.latest = latest;
    this.#report(latest);
    if (ENDED.has(latest.state)) this.#leave();
  }

  #report(latest) {
    const { message, duration, startedAt, isWatched, isStopping, shown } = this.#followed;
    const isEnded = ENDED.has(latest.state);
    this.onChange({
      phase: isStopping && !isEnded ? "stopping" : latest.state,
      message,
      duration,
      latest,
      elapsed: (Date.now() - startedAt) / 1000,
      isWatched,
      shown,
    });
  }
}
