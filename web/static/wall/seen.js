// The ids of the last bullets. After a restart the feed may send a bullet again; the page shows it once.

const CAPACITY = 2000;

/** Remembers the newest ids and forgets the oldest. */
export class Seen {
  #ids = new Set();

  /** True the first time that an id comes. */
  add(id) {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > CAPACITY) this.#ids.delete(this.#ids.values().next().value);
    return true;
  }
}
