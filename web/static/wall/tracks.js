// Which track may take the next bullet. All bullets of a page width fly equally fast, so they never catch up:
// a track is free once the tail of its last bullet is a gap inside the wall.

const LAYOUTS = [
  { below: 700, speed: 0.09, gap: 36, height: 40 },
  { below: Infinity, speed: 0.15, gap: 60, height: 44 },
];

/** The geometry of the wall and the last flight of each track. */
export class Tracks {
  #last = [];

  resize(width, height) {
    const layout = LAYOUTS.find(({ below }) => width < below);
    this.width = width;
    this.speed = layout.speed; // px per ms
    this.gap = layout.gap;
    this.count = Math.floor(height / layout.height);
    this.height = this.count > 0 ? height / this.count : 0;
    this.#last.length = Math.min(this.#last.length, this.count);
  }

  /** The number of a free track, chosen at random so that the wall does not look like a table. */
  free(random = Math.random()) {
    const free = [];
    for (let track = 0; track < this.count; track += 1) {
      if (this.#hasRoom(this.#last[track])) free.push(track);
    }
    return free[Math.floor(random * free.length)];
  }

  occupy(track, flight) {
    this.#last[track] = flight;
  }

  clear() {
    this.#last = [];
  }

  #hasRoom(last) {
    if (!last || last.ended) return true;
    if (last.speed !== this.speed) return false; // it started before the page changed its width class
    // The animation's own clock, not ours: a late first frame leaves the bullet where it really is.
    const flown = last.speed * (last.animation.currentTime ?? 0);
    return last.from + last.width - flown <= this.width - this.gap;
  }
}
