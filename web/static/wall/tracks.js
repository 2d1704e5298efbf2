// Where and when the next bullet may start, so that no two ever overlap: pure arithmetic on what flies.

/**
 * So much faster than the one before a bullet may be: one level. Behind a much slower one it would have to wait long, and
 * a wall that becomes denser would be empty meanwhile.
 */
const FASTER = 1.41;

/**
 * Bullets of several sizes and speeds share the wall while its density changes, so a track is no fixed row: a bullet
 * needs the height of its own, and what flies there must be out of its way. All times are of the wall's clock, in ms.
 */
export class Tracks {
  #flights = new Set();

  /** A flight has `top` and `bottom`, began at `start` with its head at `left`, and has `width`, `speed` and `gap`. */
  add(flight) {
    this.#flights.add(flight);
  }

  remove(flight) {
    this.#flights.delete(flight);
  }

  /**
   * The track for the next bullet of this layout on a wall of this width: `top`, its `speed` there, and `at`, when it may
   * start. Of the fastest that are free now any one, else the one that is free first. It may be `faster` so many times
   * than the one before.
   */
  next({ tracks, track, speed, gap }, width, now, { faster = FASTER, random = Math.random } = {}) {
    const place = { speed, gap, width, faster };
    const all = Array.from({ length: tracks }, (_, i) => this.#free({ ...place, top: i * track, bottom: (i + 1) * track }));
    const ready = all.filter(({ at }) => at <= now);
    const fastest = Math.max(...ready.map((place) => place.speed));
    const free = ready.filter((place) => place.speed === fastest);
    if (free.length > 0) return free[Math.min(free.length - 1, Math.floor(random() * free.length))];
    return all.reduce((first, other) => (other.at < first.at ? other : first));
  }

  /** When a place is free. Half a pixel does not count as overlapping: heights are no whole numbers. */
  #free(place) {
    const before = [...this.#flights].filter(({ top, bottom }) => bottom > place.top + 0.5 && top < place.bottom - 0.5);
    const speed = Math.min(place.speed, ...before.map((flight) => flight.speed * place.faster));
    const at = Math.max(-Infinity, ...before.map((flight) => follows(flight, { ...place, speed })));
    return { top: place.top, at, speed };
  }
}

/**
 * When a bullet may follow another one: its end has come in with the gap behind it, and a faster one reaches the left
 * edge no sooner than that gap does. As both move evenly, they keep the gap in between.
 */
function follows(flight, { width, speed, gap }) {
  const space = Math.max(gap, flight.gap);
  const end = flight.left + flight.width + space;
  const isIn = flight.start + (end - width) / flight.speed;
  const isOut = flight.start + end / flight.speed;
  return Math.max(isIn, isOut - width / speed);
}
