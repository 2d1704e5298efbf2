// A sum over the last minute. Pure: it gets the time.

const WINDOW_MS = 60_000;
/** What comes within the same second is kept as one number. */
const STEP_MS = 1000;

/** Times are in ms and never go back. */
export class Latest {
  #steps = []; // the oldest first
  #sum = 0;

  /** Adds `n` and returns the sum of what was added in the last minute. */
  add(n, now) {
    const step = Math.floor(now / STEP_MS);
    const last = this.#steps.at(-1);
    if (last?.step === step) last.n += n;
    else if (n > 0) this.#steps.push({ step, n });
    this.#sum += n;
    while (this.#steps[0]?.step * STEP_MS <= now - WINDOW_MS) this.#sum -= this.#steps.shift().n;
    return this.#sum;
  }
}
