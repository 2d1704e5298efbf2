// The log of events: which part was away and is back, and how many messages that has lost.

import { clock } from "../text.js";
import { translations } from "../translations.js";

const SHOWN_MS = 600_000;
const MOST = 5;
/** Two homepages notice the same event at two moments. */
const SAME_MS = 10_000;

/** Lists the last events in `root`, the newest first. It remembers them: a homepage that restarts forgets its own. */
export class Events {
  #known = [];
  #drawn = "";

  constructor(root) {
    this.root = root;
    this.list = root.querySelector("ol");
  }

  /** Takes the events of a reply, and the server's time in ms since the epoch. */
  update(events = [], now) {
    const before = this.#known; // two events of one reply are two
    const isNew = (event) => !before.some((known) => isSame(known, event));
    const added = events.filter(isNew).map((event) => ({ ...event, seenAt: now }));
    const all = [...before, ...added].filter(({ seenAt }) => now - seenAt < SHOWN_MS);
    this.#known = all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-MOST);
    const lines = this.#known.map((event) => `${clock(event.at)} ${translations.event(event)}`).reverse();
    const drawn = lines.join("\n");
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.root.hidden = lines.length === 0;
    this.list.replaceChildren(...lines.map(item));
  }
}

function isSame(one, other) {
  const isNear = Math.abs(Date.parse(one.at) - Date.parse(other.at)) < SAME_MS;
  return isNear && one.part === other.part && one.kind === other.kind;
}

function item(text) {
  const node = document.createElement("li");
  node.textContent = text;
  return node;
}
