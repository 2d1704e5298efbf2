// The list: the newest messages as a table, for reduced motion, keyboards and screen readers.

import { chipNode, shapeNode, wordsNode } from "./bullet.js";
import { list as copy } from "../copy.js";
import { clock } from "../text.js";

const MOST_ROWS = 50;

/** Keeps the newest messages at all times, and draws them while it is open and not held. */
export class List {
  #entries = []; // newest first
  #isOpen = false;
  #isHeld = false;

  constructor(body, { slotOf, onShown }) {
    this.body = body;
    this.slotOf = slotOf;
    this.onShown = onShown;
  }

  /** Bullets come oldest first; equal ones of one reply become one row. */
  add(bullets, counts) {
    if (bullets.length === 0) return;
    const merged = new Map();
    for (const bullet of bullets) {
      const key = JSON.stringify([bullet.processor, bullet.message]);
      const n = (merged.get(key)?.n ?? 0) + 1;
      merged.delete(key); // the newest of a merge decides its place and its times
      merged.set(key, { bullet, n, counts: counts ? n : 0 });
    }
    this.#entries = [...[...merged.values()].reverse(), ...this.#entries].slice(0, MOST_ROWS);
    this.#draw();
  }

  open(isOpen) {
    // What the wall has shown, or dropped, while the list was closed is not shown by opening it.
    if (isOpen && !this.#isOpen) this.uncount();
    this.#isOpen = isOpen;
    this.#draw();
  }

  hold(isHeld) {
    this.#isHeld = isHeld;
    this.#draw();
  }

  uncount() {
    for (const entry of this.#entries) entry.counts = 0;
  }

  #draw() {
    if (!this.#isOpen || this.#isHeld) return;
    this.body.replaceChildren(...this.#entries.map((entry) => this.#row(entry)));
    let shown = 0;
    for (const entry of this.#entries) shown += entry.counts;
    this.uncount();
    this.onShown(shown);
  }

  #row({ bullet, n }) {
    const { message, stored_at, sent_at, processor } = bullet;
    const slot = this.slotOf(processor);
    const row = document.createElement("tr");
    const what = row.insertCell();
    what.className = `list-message slot-${slot}`;
    what.append(shapeNode(slot), wordsNode(message));
    if (n > 1) what.append(chipNode(n));
    const rest = [clock(stored_at), processor, copy.latency(Math.max(0, stored_at - sent_at))];
    for (const text of rest) row.insertCell().textContent = text;
    return row;
  }
}
