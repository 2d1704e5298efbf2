// Whether the wall shows all messages or a sample, and the size of both.

const REMEMBER_MS = 5000;

/** Adds up the replies from the first incomplete one until five seconds after the last incomplete one. */
export class Sample {
  #sum;
  #lastGap;

  /** Takes one reply's numbers; returns `{ received, passed }`, or undefined when nothing is left out. */
  add(received, passed, now) {
    if (passed > received) {
      this.#sum ??= { received: 0, passed: 0 };
      this.#lastGap = now;
    }
    if (!this.#sum) return undefined;
    if (now - this.#lastGap > REMEMBER_MS) {
      this.#sum = undefined;
      return undefined;
    }
    this.#sum.received += received;
    this.#sum.passed += passed;
    return this.#sum;
  }
}
