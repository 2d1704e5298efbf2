// The colour and shape of each processor, as the server gives them out: all pages show the same.

const GREY = 0;
/** So many processors look different. */
const STYLES = 12;

/** The colour and shape of a slot, 1 to 12: a 13th takes those of the first, and its number tells it apart. */
export const styleOf = (slot) => (slot > STYLES ? ((slot - 1) % STYLES) + 1 : slot);

export const isShared = (slot) => slot > STYLES;
const LISTED_MS = 60_000;

/** Slots begin with 1; slot 0 is grey, for a processor that has none. */
export class Palette {
  #slots = new Map();
  #runningAt = new Map(); // when each processor was last among the running ones
  #now = 0;

  /** Takes the slots by name, and the names of the processors seen in the last seconds. */
  update(slots, running, now) {
    this.#slots = new Map(Object.entries(slots));
    this.#now = now;
    for (const name of running) this.#runningAt.set(name, now);
    for (const [name, at] of this.#runningAt) if (now - at > LISTED_MS) this.#runningAt.delete(name);
  }

  /** The slot of a bullet's processor. */
  slot(name) {
    return this.#slots.get(name) ?? GREY;
  }

  /** The processors that have a slot and ran in the last minute, by its number. */
  legend() {
    const listed = [...this.#slots].filter(([name]) => this.#runningAt.has(name));
    const entries = listed.map(([name, slot]) => ({ name, slot, quiet: this.#runningAt.get(name) < this.#now }));
    return entries.sort((a, b) => a.slot - b.slot);
  }
}
