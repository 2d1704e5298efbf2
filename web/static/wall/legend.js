// The legend under the wall: the shape and the colour of each processor.

import { short } from "../text.js";
import { translations } from "../translations.js";
import { shapeNode } from "./bullet.js";

/** Draws the palette's processors into `root`; `extra` more processors have no colour of their own. */
export class Legend {
  #drawn;

  constructor(root) {
    this.root = root;
  }

  draw(entries, extra, isWaiting) {
    const state = JSON.stringify([entries, extra, isWaiting]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const items = entries.map((entry) => itemNode(entry, isWaiting));
    if (extra > 0) items.push(spanNode("legend-more", translations.legend.more(extra)));
    this.root.replaceChildren(...(items.length > 0 ? items : [spanNode("legend-more", translations.legend.none)]));
  }
}

/** A processor that stores nothing is idle, unless messages wait for it. */
function itemNode({ name, slot, quiet }, isWaiting) {
  const item = spanNode("legend-item", "");
  const label = spanNode(quiet && isWaiting ? "legend-name silent" : "legend-name", short(name));
  label.title = name;
  item.append(shapeNode(slot), label);
  if (quiet) item.append(spanNode("legend-more", isWaiting ? translations.legend.stopped : translations.legend.idle));
  return item;
}

function spanNode(className, text) {
  const node = document.createElement("span");
  node.className = className;
  node.textContent = text;
  return node;
}
