// One bullet as nodes. Only `textContent` is set, so what people type stays text.

import { cut } from "../text.js";
import { translations } from "../translations.js";
import { isShared, styleOf } from "./palette.js";

const MOST_LETTERS = 60;
const MOST_SHAPES = 3;
/** The server takes no longer names. */
const MOST_NAME = 20;

/** The shape of a processor; its colour comes with the class of the slot. */
export function shapeNode(slot) {
  const shape = document.createElement("i");
  shape.className = `shape slot-${styleOf(slot)}`;
  return shape;
}

const cutText = (text) => cut(text, MOST_LETTERS);
const cutName = (name) => cut(name, MOST_NAME);

/** The letters of its bullet, from which its width can be planned. */
export const lettersOn = ({ text, name }) => cutText(text) + cutName(name);

/**
 * Makes `node` a bullet of the wall: its processor's shape, who said it, the text and, when it stands for several equal
 * messages, how many. Those of several processors have the shapes of three of them in that mark, and no one's colour.
 */
export function dress(node, { parts, text, name, n, isFramed }, slotOf) {
  if (text === undefined) {
    node.className = "bullet fold";
    node.textContent = translations.foldText(n);
    return;
  }
  const most = [...parts].sort(([, a], [, b]) => b - a).slice(0, MOST_SHAPES);
  const slots = most.map(([processor]) => slotOf(processor));
  const isMixed = slots.length > 1;
  node.className = isMixed ? "bullet mixed" : `bullet slot-${styleOf(slots[0])}`;
  if (!isMixed) node.append(shapeNode(slots[0]), ...(isShared(slots[0]) ? [spanNode("number", slots[0])] : []));
  if (isFramed) {
    node.classList.add("mine");
    node.append(spanNode("you", translations.you));
  }
  if (name) node.append(whoNode(name));
  node.append(textNode(cutText(text)));
  if (n > 1) node.append(chipNode(n, isMixed ? slots : []));
}

/** The number of a processor that shares its colour and shape with another one, or who you are. */
function spanNode(className, text) {
  const node = document.createElement("span");
  node.className = className;
  node.textContent = text;
  return node;
}

/** The typed text, isolated so that a direction override ends with it. */
export function textNode(text) {
  const node = document.createElement("bdi");
  node.className = "text";
  node.textContent = text;
  return node;
}

/** The name of who sent it, which people type as well. */
export function whoNode(name) {
  const node = textNode(cutName(name));
  node.className = "who";
  return node;
}

/** The mark ×n of a bullet that stands for n equal messages, of the processors with these slots. */
export function chipNode(n, slots = []) {
  const chip = document.createElement("b");
  chip.className = "chip";
  chip.append(...slots.map(shapeNode), `×${n}`);
  return chip;
}
