// The server's clock, estimated from the replies.

/** The best round trip counts as a bit longer with each reply, so that the estimate follows a clock that drifts. */
const AGEING = 1.05;

/** Takes all times in ms since the epoch. */
export class Clock {
  #ahead = 0; // of the page's own clock
  #best = Infinity;

  /**
   * The reply's time is from between request and reply, so the quickest reply is the most exact. One that the server held
   * back, maybe in a cache, is of some time before it came: the server's clock is that far at least.
   */
  take({ now, askedAt, wait }, answeredAt) {
    if (wait) {
      this.#ahead = Math.max(this.#ahead, now - answeredAt);
      return;
    }
    const roundTrip = answeredAt - askedAt;
    this.#best *= AGEING;
    if (roundTrip > this.#best) return;
    this.#best = Math.max(1, roundTrip);
    this.#ahead = now - (askedAt + answeredAt) / 2;
  }

  now() {
    return Math.round(Date.now() + this.#ahead);
  }
}
