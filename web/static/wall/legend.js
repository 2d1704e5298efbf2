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

  /** `isStopped`: messages wait for processors, and for no other part. */
  draw(entries, extra, isStopped) {
    const state = JSON.stringify([entries, extra, isStopped]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    const items = entries.map((entry) => itemNode(entry, isStopped));
    if (extra > 0) items.push(spanNode("legend-more", translations.legend.more(extra)));
    this.root.replaceChildren(...(items.length > 0 ? items : [spanNode("legend-more", translations.legend.none)]));
  }
}

/** A processor that stores nothing is idle, unless messages wait for it. */
function itemNode({ name, slot, quiet }, isStopped) {
  const item = spanNode("legend-item", "");
  const label = spanNode(quiet && isStopped ? "legend-name silent" : "legend-name", short(name));
  label.title = name;
  item.append(shapeNode(slot), label);
  if (quiet) item.append(spanNode("legend-more", isStopped ? translations.legend.stopped : translations.legend.idle));
  return item;
}

function spanNode(className, text) {
  const node = document.createElement("span");
  node.className = className;
  node.textContent = text;
  return node;
}
