// One bullet as nodes. Only textContent: whatever people type stays text.

import { foldText } from "../copy.js";
import { cut } from "../text.js";

const MOST_LETTERS = 60;

/** The shape of a processor; its colour comes with the class of the slot. */
export function shapeNode(slot) {
  const shape = document.createElement("i");
  shape.className = `shape slot-${slot}`;
  return shape;
}

/** A bullet for the wall: shape, text and, when it stands for several equal messages, how many. */
export function bulletNode({ processor, text, n }, slotOf) {
  const node = document.createElement("div");
  if (text === undefined) {
    node.className = "bullet fold";
    node.textContent = foldText(n);
    return node;
  }
  const slot = slotOf(processor);
  node.className = `bullet slot-${slot}`;
  node.append(shapeNode(slot), wordsNode(cut(text, MOST_LETTERS)));
  if (n > 1) node.append(chipNode(n));
  return node;
}

/** What a person typed, isolated so that a direction override ends with it. */
export function wordsNode(text) {
  const words = document.createElement("bdi");
  words.className = "words";
  words.textContent = text;
  return words;
}

/** ×n: so many equal messages. */
export function chipNode(n) {
  const chip = document.createElement("b");
  chip.className = "chip";
  chip.textContent = `×${n}`;
  return chip;
}
