// The five numbers: differences against the first totals this page saw, so they all count from one moment.

import { counterNotes } from "../copy.js";
import { grouped } from "../text.js";

/** Holds the numbers and writes them into the nodes marked `data-counter` and `data-note`. */
export class Counters {
  #base;
  #shown = 0;

  constructor(root) {
    this.cells = nodesBy(root, "counter");
    this.notes = nodesBy(root, "note");
  }

  /** Takes a reply's totals; true when counting starts (anew), because the server counts from another moment. */
  update(totals, processors) {
    const anew = this.#base?.since !== totals.since;
    if (anew) {
      this.#base = totals;
      this.#shown = 0;
      this.#write("shown", 0);
    }
    const since = (name) => totals[name] - this.#base[name];
    this.#write("accepted", since("accepted"));
    this.#write("stored", since("stored"));
    this.#write("waiting", totals.waiting);
    this.#write("processors", processors.length);
    this.notes.stored.textContent = storedNote(since("blocked"), since("finished_without_row"));
    return anew;
  }

  /** So many messages are represented by bullets now. */
  shown(n) {
    if (n === 0) return;
    this.#shown += n;
    this.#write("shown", this.#shown);
  }

  warn(isBehind) {
    this.cells.waiting.closest(".counter").classList.toggle("warn", isBehind);
  }

  #write(name, value) {
    const text = grouped(value);
    const cell = this.cells[name];
    if (cell.textContent !== text) cell.textContent = text;
  }
}

function storedNote(blocked, withoutRow) {
  const parts = [];
  if (blocked > 0) parts.push(counterNotes.blocked(blocked));
  if (withoutRow > 0) parts.push(counterNotes.withoutRow(withoutRow));
  return parts.join(", ") || counterNotes.stored;
}

function nodesBy(root, key) {
  const nodes = [...root.querySelectorAll(`[data-${key}]`)];
  return Object.fromEntries(nodes.map((node) => [node.dataset[key], node]));
}
