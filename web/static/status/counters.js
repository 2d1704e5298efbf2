// The numbers: what was finished since this page was opened, and what waited then. A reload and a restart of the
// homepage change nothing.

import { recall, remember } from "../memory.js";
import { clock, grouped } from "../text.js";
import { translations } from "../translations.js";
import { Latest } from "./latest.js";

/** Bullets come up to forty times a second. Nobody can read numbers that change so fast. */
const DRAW_MS = 250;
const STORAGE_KEY = `barrage.counters ${location.pathname}`; // a reload goes on counting

/** Holds the numbers and writes them into the nodes of `root` marked `data-counter`, those that the page has. */
export class Counters {
  #base;
  #most = {}; // of each number: a homepage may know less than another one, for a moment
  #shown = 0;
  #folded = 0;
  #accepted = 0;
  #minute = {};
  #timer;
  #latest = { shown: new Latest(), folded: new Latest() };

  constructor(root) {
    const cells = [...root.querySelectorAll("[data-counter]")];
    this.cells = Object.fromEntries(cells.map((cell) => [cell.dataset.counter, cell]));
    this.note = root.querySelector("[data-note]");
    const { base, shown = 0, folded = 0 } = recall(STORAGE_KEY) ?? {};
    [this.#base, this.#shown, this.#folded] = [base, shown, folded];
    this.#draw();
    addEventListener("pagehide", () => this.#base && this.#remember());
  }

  /** How many messages Kafka has accepted since the page started to count. */
  get accepted() {
    return this.#accepted;
  }

  /** Takes a reply's totals; true when counting starts, or restarts because the server counts from another moment. */
  update(totals) {
    const isRestart = this.#base?.since !== totals.since;
    if (isRestart) {
      // What waits already will be stored, so it counts as accepted: no number becomes larger than the one before it.
      this.#base = { ...totals, accepted: totals.accepted - totals.waiting };
      this.#most = {};
      this.#shown = 0;
      this.#folded = 0;
    }
    this.#remember();
    const since = (name) => this.#since(name, totals);
    this.#accepted = since("accepted");
    this.#write("accepted", this.#accepted);
    this.#write("stored", since("stored"));
    this.#write("waiting", totals.waiting);
    for (const name of ["shown", "folded"]) this.#count(name, 0); // what is older than a minute goes
    if (isRestart) this.#draw();
    else this.#drawSoon();
    const expired = { n: since("expired"), at: totals.expired_since };
    this.#annotate(since("blocked"), since("finished_without_row"), expired);
    return isRestart;
  }

  /** No number goes back. */
  #since(name, totals) {
    const n = (totals[name] ?? 0) - (this.#base[name] ?? 0);
    this.#most[name] = Math.max(this.#most[name] ?? 0, n);
    return this.#most[name];
  }

  /** Bullets that people can read stand for `n` more messages. */
  shown(n) {
    if (n === 0) return;
    this.#shown += n;
    this.#count("shown", n);
    this.#drawSoon();
  }

  /** `n` more messages had no room: people see only how many. */
  folded(n) {
    if (n === 0) return;
    this.#folded += n;
    this.#count("folded", n);
    this.#drawSoon();
  }

  warn(isBehind) {
    this.cells.waiting.closest(".counter").classList.toggle("warn", isBehind);
  }

  /** Why fewer messages can be read than are stored beside the folded ones, and fewer are stored than accepted. */
  #annotate(blocked, withoutRow, expired) {
    const parts = [];
    if (blocked > 0) parts.push(translations.counterNotes.blocked(blocked));
    if (withoutRow > 0) parts.push(translations.counterNotes.withoutRow(withoutRow));
    // If some were deleted before this page counted, that time is not the time of these.
    const from = expired.at && !this.#base.expired ? clock(expired.at) : undefined;
    if (expired.n > 0) parts.push(translations.counterNotes.expired(expired.n, from));
    fill(this.note, parts.join(", "));
  }

  /** The same of the last minute. */
  #count(name, n) {
    this.#minute[name] = this.#latest[name].add(n, performance.now());
  }

  #drawSoon() {
    this.#timer ??= setTimeout(() => {
      this.#draw();
      this.#remember();
    }, DRAW_MS);
  }

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#write("shown", this.#shown);
    this.#write("folded", this.#folded);
    for (const [name, n] of Object.entries(this.#minute)) this.#write(`${name}-latest`, n);
  }

  #remember() {
    remember(STORAGE_KEY, { base: this.#base, shown: this.#shown, folded: this.#folded });
  }

  #write(name, value) {
    const cell = this.cells[name];
    const text = grouped(value);
    if (cell && cell.textContent !== text) cell.textContent = text;
  }
}

function fill(node, text) {
  if (!node) return;
  node.textContent = text;
  node.hidden = text === "";
}
