// The last bullets. After a restart the feed may send a bullet again; the page shows it once.

const CAPACITY = 2000;

/** Remembers the newest bullets and forgets the oldest. */
export class Seen {
  #bullets = new Set();

  /**
   * True the first time that a bullet comes. Its position says which one it is: two sources may use the same ids. A
   * recreated topic uses positions again, but not with the same ids.
   */
  add({ partition, offset, id }) {
    const bullet = `${partition}/${offset} ${id}`;
    if (this.#bullets.has(bullet)) return false;
    this.#bullets.add(bullet);
    if (this.#bullets.size > CAPACITY) this.#bullets.delete(this.#bullets.values().next().value);
    return true;
  }
}
