// The colour and shape of each processor: the first free of eight. It keeps it for a minute after it was last seen.

const SLOTS = [1, 2, 3, 4, 5, 6, 7, 8];
const KEEP_MS = 60_000;
const GREY = 0;

/** Hands out slots 1 to 8; slot 0 is grey, for the ninth processor at once. */
export class Palette {
  #held = new Map();

  /** Takes the names of the processors seen in the last seconds. */
  update(running, now) {
    for (const [name, held] of this.#held) {
      if (running.includes(name)) held.quietSince = undefined;
      else held.quietSince ??= now;
      if (now - (held.quietSince ?? now) > KEEP_MS) this.#held.delete(name);
    }
    for (const name of running) this.#hold(name, undefined);
  }

  /** The slot of a bullet's processor. */
  slot(name, now) {
    return this.#hold(name, now);
  }

  /** All processors that hold a slot, oldest first. */
  legend() {
    return Array.from(this.#held, ([name, { slot, quietSince }]) => ({
      name,
      slot,
      quiet: quietSince !== undefined,
    }));
  }

  #hold(name, quietSince) {
    const held = this.#held.get(name);
    if (held) return held.slot;
    const slot = this.#freeSlot();
    if (slot !== GREY) this.#held.set(name, { slot, quietSince });
    return slot;
  }

  #freeSlot() {
    const taken = new Set(Array.from(this.#held.values(), (held) => held.slot));
    return SLOTS.find((slot) => !taken.has(slot)) ?? this.#oldestQuiet();
  }

  #oldestQuiet() {
    const quiet = [...this.#held].filter(([, held]) => held.quietSince !== undefined);
    if (quiet.length === 0) return GREY;
    const [name, { slot }] = quiet.reduce((a, b) => (b[1].quietSince < a[1].quietSince ? b : a));
    this.#held.delete(name);
    return slot;
  }
}
