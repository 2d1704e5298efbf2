// The log of events: which part was away and is back, and how many messages that has lost.

import { clock } from "../text.js";
import { translations } from "../translations.js";

/** Lists the events of each reply in `root`, the newest first. */
export class Events {
  #drawn = "";

  constructor(root) {
    this.root = root;
    this.list = root.querySelector("ol");
  }

  update(events = []) {
    const lines = events.map((event) => `${clock(event.at)} ${translations.event(event)}`).reverse();
    const drawn = lines.join("\n");
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.root.hidden = lines.length === 0;
    this.list.replaceChildren(...lines.map(item));
  }
}

function item(text) {
  const node = document.createElement("li");
  node.textContent = text;
  return node;
}
