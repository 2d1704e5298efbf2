// The list: the newest messages as a table, for reduced motion, keyboards and screen readers.

import { chipNode, shapeNode, textNode, whoNode } from "./bullet.js";
import { clock, short } from "../text.js";
import { translations } from "../translations.js";
import { styleOf } from "./palette.js";
import { nameOf } from "./queue.js";

const MOST_ROWS = 50;

/** Always keeps the newest messages, and draws them while it is open and not held. A row has the time of its newest. */
export class List {
  #entries = []; // entries without a row yet, newest first
  #times = new WeakMap(); // of the drawn rows
  #isOpen = false;
  #isHeld = false;
  onDraw = () => {}; // for what stands beside the messages

  constructor(body, { slotOf, onShown, onPick }) {
    this.body = body;
    this.slotOf = slotOf;
    this.onShown = onShown;
    this.onPick = onPick;
    body.replaceChildren(); // the server's rows are for people without JavaScript
  }

  /** Whether new messages are drawn. */
  get isDrawn() {
    return this.#isOpen && !this.#isHeld;
  }

  /** Bullets come oldest first. Equal bullets of one reply become one row. `of` is as for the wall. */
  add(bullets, of) {
    if (bullets.length === 0) return;
    const merged = new Map();
    for (const bullet of bullets) {
      const { counts, isMine } = of(bullet);
      const key = JSON.stringify([bullet.processor, nameOf(bullet), bullet.message]);
      const before = merged.get(key) ?? { first: bullet, text: bullet.message, n: 0, counts: 0, mine: 0 };
      const { n, mine } = before;
      merged.delete(key); // of equal times, the newest message of a merged row decides its place
      merged.set(key, {
        ...before,
        at: Math.max(before.at ?? 0, bullet.stored_at),
        n: n + 1,
        counts: before.counts + (counts ? 1 : 0),
        mine: mine + (isMine ? 1 : 0),
      });
    }
    // Of two partitions, a message may come before an older one. With equal times, what came last is first.
    const all = [...[...merged.values()].reverse(), ...this.#entries];
    this.#entries = all.sort((a, b) => b.at - a.at).slice(0, MOST_ROWS);
    this.#draw();
  }

  open(isOpen) {
    // Bullets that the wall showed or dropped while the list was closed do not count as shown now.
    if (isOpen && !this.#isOpen) this.uncount();
    this.#isOpen = isOpen;
    this.#draw();
  }

  hold(isHeld) {
    this.#isHeld = isHeld;
    this.#draw();
  }

  uncount() {
    for (const entry of this.#entries) Object.assign(entry, { counts: 0, mine: 0 });
  }

  /** New rows go before those that are older. Drawn rows stay: one of them may have the keyboard's focus. */
  #draw() {
    if (!this.isDrawn) return;
    this.onDraw();
    let last;
    for (const entry of this.#entries) last = this.#insert(entry, last);
    while (this.body.rows.length > MOST_ROWS) this.body.rows[MOST_ROWS].remove();
    this.#entries = [];
  }

  /** Below `last`, the row of the entry before. Returns the new row. What is older than a full list is not shown. */
  #insert(entry, last) {
    const { rows } = this.body;
    const below = Array.from(rows).slice(last ? last.sectionRowIndex + 1 : 0);
    const next = below.find((row) => this.#times.get(row) <= entry.at);
    if (!next && rows.length >= MOST_ROWS) return last;
    this.onShown(entry);
    const row = this.#row(entry);
    this.#times.set(row, entry.at);
    this.body.insertBefore(row, next ?? null);
    return row;
  }

  #row(entry) {
    const { first, n } = entry;
    const row = document.createElement("tr");
    row.insertCell().append(this.#message(entry));
    const latency = translations.milliseconds(Math.max(0, first.stored_at - first.sent_at));
    for (const text of [clock(entry.at), short(first.processor), latency]) row.insertCell().textContent = text;
    row.cells[0].className = `list-message slot-${styleOf(this.slotOf(first.processor))}`;
    if (n > 1) row.cells[0].append(chipNode(n));
    return row;
  }

  /** The message as a button that opens its card, if the page has a card. */
  #message(entry) {
    const { first } = entry;
    const node = document.createElement(this.onPick ? "button" : "span");
    const name = nameOf(first);
    node.append(shapeNode(this.slotOf(first.processor)), ...(name ? [whoNode(name)] : []), textNode(first.message));
    if (this.onPick) {
      node.type = "button";
      node.addEventListener("click", () => this.onPick(entry, node));
    }
    return node;
  }
}
