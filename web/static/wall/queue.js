// The messages that wait for a place on the wall. Equal ones merge; above the limit they fold into one count.

const MAX_KEYS = 60;
const FOLD_EVERY_MS = 2000;
const OWN_EVERY_MS = 3000;

/**
 * A waiting entry stands for `n` messages. `counts` of them count as shown: those that wait while counting starts again do
 * not. `mine` of them are of the burst that this page sends. `first` is the oldest message.
 */
export class Queue {
  #keys = new Map(); // iteration order is the order of release
  #fold = emptyFold();
  #foldedAt = -Infinity;
  #ownAt = -Infinity;

  get isEmpty() {
    return this.#keys.size === 0 && this.#fold.n === 0;
  }

  /** How many messages wait, merged and folded ones included. */
  get messages() {
    let sum = this.#fold.n;
    for (const entry of this.#keys.values()) sum += entry.n;
    return sum;
  }

  add(bullet, { counts, isMine }) {
    const text = bullet.message.trim();
    const key = JSON.stringify([bullet.processor, text]); // no merge across processors: each has its own colour
    let entry = this.#keys.get(key);
    if (!entry && this.#keys.size < MAX_KEYS) {
      entry = { processor: bullet.processor, text, first: bullet, n: 0, counts: 0, mine: 0 };
      this.#keys.set(key, entry);
    }
    grow(entry ?? this.#fold, 1, counts, isMine);
  }

  /** Adds messages without text: only their number is known. */
  addUnseen(n, counts) {
    grow(this.#fold, n, counts, false);
  }

  /**
   * The next bullet: a fold (`text` is undefined) at most every two seconds; every three seconds one with messages of
   * the burst that this page sends, so that people find their own on a full wall; else the oldest entry.
   */
  take(now) {
    if (this.#fold.n > 0 && now - this.#foldedAt >= FOLD_EVERY_MS) {
      this.#foldedAt = now;
      const fold = this.#fold;
      this.#fold = emptyFold();
      return fold;
    }
    const [oldest] = this.#keys;
    const own = now - this.#ownAt >= OWN_EVERY_MS && [...this.#keys].find(([, entry]) => entry.mine > 0);
    const [key, entry] = own || oldest || [];
    if (entry?.mine > 0) this.#ownAt = now;
    this.#keys.delete(key);
    return entry;
  }

  /** The counters have started again, so the bullets that wait now do not count. */
  uncount() {
    this.#fold.counts = 0;
    for (const entry of this.#keys.values()) entry.counts = 0;
  }

  clear() {
    this.#keys.clear();
    this.#fold = emptyFold();
  }
}

const emptyFold = () => ({ n: 0, counts: 0, mine: 0 });

function grow(entry, n, counts, isMine) {
  entry.n += n;
  if (counts) entry.counts += n;
  if (isMine) entry.mine += n;
}
