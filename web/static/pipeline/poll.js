// Asks for the pipeline twice a second: one request at a time, none while the page is hidden.

import { address, call } from "../feed/calls.js";
import { isState } from "./state.js";

const EVERY_MS = 500;
/** A server that does not answer is not asked as often. */
const AFTER_FAILURE_MS = 1500;
const DEADLINE_MS = 3000;

/** Calls `onState(json)`, and `onFailure(failures)` for each answer that is missing. Nothing that these throw ends it. */
export class Poll {
  #timer;
  #request;
  #failures = 0;

  constructor({ onState, onFailure }) {
    this.onState = onState;
    this.onFailure = onFailure;
  }

  /** Asks at once and goes on. */
  start() {
    this.stop();
    this.#ask();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = undefined;
  }

  async #ask() {
    const request = new AbortController();
    this.#request = request;
    const isOver = () => this.#request !== request; // it was stopped, or has started again
    const askedAt = performance.now();
    try {
      const { json } = await call(address("pipeline"), { controller: request, deadline: DEADLINE_MS, isRight: isState });
      if (isOver()) return;
      this.#failures = 0;
      this.#tell(() => this.onState(json));
    } catch {
      if (isOver()) return;
      this.#failures += 1;
      this.#tell(() => this.onFailure(this.#failures));
    }
    const delay = this.#failures > 0 ? AFTER_FAILURE_MS : Math.max(0, EVERY_MS - (performance.now() - askedAt));
    this.#timer = setTimeout(() => this.#ask(), delay);
  }

  #tell(tell) {
    try {
      tell();
    } catch (error) {
      console.error("the pipeline cannot be drawn", error);
    }
  }
}
