// The ids of the last bullets received: the feed may send one again after a restart, the page shows it once.

const CAPACITY = 2000;

/** Remembers the newest ids and forgets the oldest. */
export class Seen {
  #ids = new Set();

  /** True the first time an id is met. */
  add(id) {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > CAPACITY) this.#ids.delete(this.#ids.values().next().value);
    return true;
  }
}
