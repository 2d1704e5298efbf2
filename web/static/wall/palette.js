// The colour and shape of each processor, as the server gives them out: all pages show the same.

const GREY = 0;

/** Slots are 1 to 8; slot 0 is grey, for a processor that has none. */
export class Palette {
  #slots = new Map();
  #running = [];

  /** Takes the slots by name, and the names of the processors seen in the last seconds. */
  update(slots, running) {
    this.#slots = new Map(Object.entries(slots));
    this.#running = running;
  }

  /** The slot of a bullet's processor. */
  slot(name) {
    return this.#slots.get(name) ?? GREY;
  }

  /** All processors that have a slot, by its number. */
  legend() {
    const entries = Array.from(this.#slots, ([name, slot]) => ({ name, slot, quiet: !this.#running.includes(name) }));
    return entries.sort((a, b) => a.slot - b.slot);
  }
}
