// Whether the wall shows all messages or a sample of them, and of how many.

const REMEMBER_MS = 5000;

/** Adds up replies from the first that was not complete until five seconds after the last such. */
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
