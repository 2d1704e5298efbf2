// The server's clock, estimated from the replies.

/** The best round trip counts as a bit longer with each reply, so that the estimate follows a clock that drifts. */
const AGEING = 1.05;

/** Takes all times in ms since the epoch. */
export class Clock {
  #ahead = 0; // of the page's own clock
  #best = Infinity;

  /**
   * The reply's time is from between request and reply, so the quickest reply is the most exact. Of one that the server held
   * back for so long, `wait`, nobody knows when it was made.
   */
  take({ now, askedAt, wait }, answeredAt) {
    if (wait) return;
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
