// The server's clock, as far as a page can know it.

/** How much worse the best round trip becomes with each reply, so that a clock that drifts is followed. */
const AGEING = 1.05;

/** Takes all times in ms since the epoch. */
export class Clock {
  #ahead = 0; // of the page's own clock
  #best = Infinity;

  /** A reply tells the time somewhere between question and answer; the quickest one tells it best. */
  take(serverNow, askedAt, answeredAt) {
    const roundTrip = answeredAt - askedAt;
    this.#best *= AGEING;
    if (roundTrip > this.#best) return;
    this.#best = Math.max(1, roundTrip);
    this.#ahead = serverNow - (askedAt + answeredAt) / 2;
  }

  now() {
    return Math.round(Date.now() + this.#ahead);
  }
}
