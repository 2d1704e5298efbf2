// One bullet as nodes. Only `textContent` is set, so what people type stays text.

import { cut } from "../text.js";
import { translations } from "../translations.js";
import { isShared, styleOf } from "./palette.js";

const MOST_LETTERS = 60;

/** The shape of a processor; its colour comes with the class of the slot. */
export function shapeNode(slot) {
  const shape = document.createElement("i");
  shape.className = `shape slot-${styleOf(slot)}`;
  return shape;
}

/** Makes `node` a bullet of the wall: shape, text and, when it stands for several equal messages, how many. */
export function dress(node, { processor, text, n }, slotOf) {
  if (text === undefined) {
    node.className = "bullet fold";
    node.textContent = translations.foldText(n);
    return;
  }
  const slot = slotOf(processor);
  node.className = `bullet slot-${styleOf(slot)}`;
  node.append(shapeNode(slot), ...(isShared(slot) ? [numberNode(slot)] : []), textNode(cut(text, MOST_LETTERS)));
  if (n > 1) node.append(chipNode(n));
}

/** The number of a processor that shares its colour and shape with another one. */
function numberNode(slot) {
  const number = document.createElement("span");
  number.className = "number";
  number.textContent = String(slot);
  return number;
}

/** The typed text, isolated so that a direction override ends with it. */
export function textNode(text) {
  const node = document.createElement("bdi");
  node.className = "text";
  node.textContent = text;
  return node;
}

/** The mark ×n of a bullet that stands for n equal messages. */
export function chipNode(n) {
  const chip = document.createElement("b");
  chip.className = "chip";
  chip.textContent = `×${n}`;
  return chip;
}
