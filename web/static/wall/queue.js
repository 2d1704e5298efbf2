// The messages that wait for a place on the wall: which is next, what merges, and what is folded into a count. Pure.

/**
 * A bullet's age counts from when its row was stored, by the server's clock. The oldest that may start leaves half a
 * second for the way from Send to the row, so that people wait for no bullet longer than three seconds.
 */
export const OLDEST_MS = 2500;
const MOST_ENTRIES = 300;
/** More senders than these stand for all of an entry. */
const MOST_SENDERS = 20;
const FOLD_EVERY_MS = 1000;
/** Fewer than these wait for more, so that no space is lost for a "+1", but not for long. */
const FEW = 5;
const FEW_EVERY_MS = 3000;
const SENDER_EVERY_MS = 10_000;
const OWN_EVERY_MS = 3000;
/** A text that came longer ago does not tell how many come now. */
const RECENT_MS = 5000;

/** What people typed as their name. A feed of another version may send anything. */
export const nameOf = ({ name }) => (typeof name === "string" ? name.trim() : "");

/** A single message is a burst of its own, so only a name tells that two of them are of one guest. */
function senderOf({ id, burst, sender, name }) {
  const who = burst === id ? nameOf({ name }) : "";
  return JSON.stringify(who ? [who] : [burst, sender]);
}

/**
 * A waiting entry stands for `n` messages of the processors in `parts`. `counts` of them count as shown: those that
 * wait while counting starts again do not. `mine` of them are of this page, `own` are these (the first few), `first` is
 * the oldest of all. It was stored at `born`, and folds when it has not started until `latest`. A fold has no text.
 */
export class Queue {
  #entries = new Map();
  #isAcross = false;
  #fold = emptyFold();
  #foldedAt = -Infinity;
  #crowded = 0;
  #resumedAt = -Infinity;
  #senders = new Recent(SENDER_EVERY_MS);
  #owns = new Recent(OWN_EVERY_MS);

  get isEmpty() {
    return this.#entries.size === 0 && this.#fold.n === 0;
  }

  /** How many messages wait, merged and folded ones included. */
  get messages() {
    let sum = this.#fold.n;
    for (const { n } of this.#entries.values()) sum += n;
    return sum;
  }

  /** How long the longest of them has waited, in ms. */
  wait(now) {
    let since = now;
    for (const entry of this.#entries.values()) since = Math.min(since, entry.since);
    return now - since;
  }

  /**
   * Takes a bullet that is so old, in ms; returns its entry if it is a new one. For so much of that time, `unasked`, the page
   * had not asked for it: that does not make it too old.
   */
  add(bullet, { counts, isMine }, now, age = 0, unasked = 0) {
    const entry = entryOf(bullet, counts, isMine, now - age, now);
    entry.latest = entry.born + OLDEST_MS + Math.min(unasked, age);
    if (entry.latest < now) {
      this.#toFold(entry, now);
      return undefined;
    }
    const key = this.#keyOf(entry);
    const waiting = this.#entries.get(key);
    if (waiting) {
      merge(waiting, entry);
      return undefined;
    }
    this.#entries.set(key, entry);
    if (this.#entries.size > MOST_ENTRIES) this.#crowdOut(now);
    return entry;
  }

  /** The wall became lower before people could read this one: it starts again, unless it is too old. */
  putBack(entry, now) {
    if (entry.isFramed) this.#owns.forget(entry.own[0].burst);
    if (entry.latest < now) this.#toFold(entry, now);
    else this.#entries.set(entry, entry); // by itself, as people have seen it begin
  }

  /** Adds messages without text: only their number is known. */
  addUnseen(n, counts) {
    this.#fold.n += n;
    this.#fold.counts += counts ? n : 0;
  }

  /** From now on, equal texts of several processors merge, or do not. */
  mergeAcross(isAcross) {
    if (this.#isAcross === isAcross) return;
    this.#isAcross = isAcross;
    if (!isAcross) return; // what has merged stays
    const all = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of all) {
      const waiting = this.#entries.get(this.#keyOf(entry));
      if (waiting) merge(waiting, entry);
      else this.#entries.set(this.#keyOf(entry), entry);
    }
  }

  /** Folds what is too old by now. */
  foldOld(now) {
    for (const [key, entry] of this.#entries) {
      if (now <= entry.latest) continue;
      this.#entries.delete(key);
      this.#toFold(entry, now);
    }
  }

  /** Until now the wall has stood still, or the page has not asked: of what was stored before, a fold tells nothing of a full wall. */
  resume(now) {
    this.foldOld(now);
    this.#crowded = 0;
    this.#resumedAt = now;
  }

  /** How many texts of the last seconds were folded since this was asked before. */
  takeCrowded() {
    const texts = this.#crowded;
    this.#crowded = 0;
    return texts;
  }

  /** Nobody can see the wall: what waits becomes a number, and nobody is told that the wall was too full for it. */
  foldAll() {
    for (const { n, counts } of this.#entries.values()) {
      this.#fold.n += n;
      this.#fold.counts += counts;
    }
    this.#entries.clear();
    this.#fold.own = [];
  }

  /**
   * The next bullet: once a second the fold, a small one every three; then messages of this page, each sender's first in
   * ten seconds, and the others. Each message of a guest without a name is one of another sender. A full wall shows the
   * newest of them first, else they come in their order.
   */
  take(now, isFull = false) {
    this.foldOld(now);
    if (this.#fold.n > 0 && now - this.#foldedAt >= (this.#fold.n < FEW ? FEW_EVERY_MS : FOLD_EVERY_MS)) {
      this.#foldedAt = now;
      const fold = this.#fold;
      this.#fold = emptyFold();
      return fold;
    }
    const best = this.#best(now, isFull);
    if (!best) return undefined;
    this.#entries.delete(best.key);
    const { entry } = best;
    entry.isFramed = best.rank === 0;
    if (entry.isFramed) this.#owns.add(entry.own[0].burst, now);
    for (const sender of entry.senders) this.#senders.add(sender, now);
    return entry;
  }

  /** The counters have started again, so the bullets that wait now do not count. */
  uncount() {
    this.#fold.counts = 0;
    for (const entry of this.#entries.values()) entry.counts = 0;
  }

  clear() {
    this.#entries.clear();
    this.#fold = emptyFold();
  }

  #keyOf({ first, text, name }) {
    return this.#isAcross ? ` ${text}` : JSON.stringify([first.processor, name, text]); // a processor has its own colour
  }

  #best(now, isFull) {
    let best;
    for (const [key, entry] of this.#entries) {
      const rank = this.#rank(entry, now);
      if (!best || rank < best.rank || (rank === best.rank && isFull && entry.last >= best.entry.last)) best = { key, entry, rank };
    }
    return best;
  }

  #rank(entry, now) {
    if (entry.own.length > 0 && !this.#owns.has(entry.own[0].burst, now)) return 0;
    for (const sender of entry.senders) if (!this.#senders.has(sender, now)) return 1;
    return 2;
  }

  /** There are too many: the oldest gives way, but none of this page. */
  #crowdOut(now) {
    for (const [key, entry] of this.#entries) {
      if (entry.mine > 0) continue;
      this.#entries.delete(key);
      this.#toFold(entry, now);
      return;
    }
  }

  #toFold(entry, now) {
    const fold = this.#fold;
    fold.n += entry.n;
    fold.counts += entry.counts;
    if (entry.born > this.#resumedAt && now - entry.born <= RECENT_MS) this.#crowded += 1;
    fold.own.push(...entry.own.slice(0, MOST_SENDERS - fold.own.length));
  }
}

const emptyFold = () => ({ n: 0, counts: 0, mine: 0, own: [] });

function entryOf(bullet, counts, isMine, born, now) {
  return {
    first: bullet,
    text: bullet.message.trim(),
    name: nameOf(bullet),
    parts: new Map([[bullet.processor, 1]]),
    n: 1,
    counts: counts ? 1 : 0,
    mine: isMine ? 1 : 0,
    own: isMine ? [bullet] : [],
    senders: new Set([senderOf(bullet)]),
    born,
    last: born,
    since: now,
  };
}

/** Adds `other` to `entry`. People with other names said the same, so it is said under none. */
function merge(entry, other) {
  for (const [processor, n] of other.parts) entry.parts.set(processor, (entry.parts.get(processor) ?? 0) + n);
  for (const name of ["n", "counts", "mine"]) entry[name] += other[name];
  for (const bullet of other.own) if (entry.own.length < MOST_SENDERS) entry.own.push(bullet);
  for (const sender of other.senders) if (entry.senders.size < MOST_SENDERS) entry.senders.add(sender);
  if (other.born < entry.born) [entry.first, entry.born] = [other.first, other.born];
  entry.latest = Math.min(entry.latest, other.latest);
  entry.last = Math.max(entry.last, other.last);
  entry.since = Math.min(entry.since, other.since);
  if (entry.name !== other.name) entry.name = "";
  entry.node = undefined; // one that starts again has its node, but with the number of before
}

/** What was seen in the last so many ms. */
class Recent {
  #at = new Map(); // the oldest first

  constructor(duration) {
    this.duration = duration;
  }

  add(key, now) {
    this.#at.delete(key);
    this.#at.set(key, now);
    for (const [old, at] of this.#at) {
      if (now - at < this.duration) break;
      this.#at.delete(old);
    }
  }

  forget(key) {
    this.#at.delete(key);
  }

  has(key, now) {
    return now - (this.#at.get(key) ?? -Infinity) < this.duration;
  }
}
