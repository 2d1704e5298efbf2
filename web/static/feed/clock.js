// The server's clock, estimated from the replies.

/** The best round trip counts as longer with each reply, so that the estimate follows a clock that drifts. */
const AGEING = 1.05;

/** The page's own clock may be that much faster than the server's: a second in 5,000. Else the estimate could only rise. */
const FASTER = 1 / 5000;

/** The page's own times are of performance.now(): nobody sets that clock, but it may stand still while a machine sleeps. */
export class Clock {
  #ahead = Date.now() - performance.now(); // until the first reply
  #best = Infinity;
  #takenAt = performance.now();

  /**
   * The reply's time is from between request and reply, so the quickest reply is the most exact. Of any other, and of one
   * that the server held back, maybe in a cache, the server's clock is that far at least when it comes.
   */
  take({ now, askedAt, wait }, answeredAt) {
    const roundTrip = answeredAt - askedAt;
    const least = this.#ahead - (answeredAt - this.#takenAt) * FASTER;
    this.#takenAt = answeredAt;
    if (!wait) this.#best *= AGEING;
    if (wait || roundTrip > this.#best) {
      this.#ahead = Math.max(least, now - answeredAt);
      return;
    }
    this.#best = Math.max(1, roundTrip);
    this.#ahead = now - (askedAt + answeredAt) / 2;
  }

  now() {
    return Math.round(performance.now() + this.#ahead);
  }
}
