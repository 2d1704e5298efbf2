// The button: it fills from the left until the next message may go, and says how long that takes.

import { texts } from "./texts.js";

const STEP_MS = 250;
const NARROW = matchMedia("(max-width: 339px)");

/** Draws the pause that `pause()` tells, `{ left, over }`, while there is one. `onTick()` is called with each step. */
export class Button {
  #timer;

  constructor(node, pause, onTick) {
    this.node = node;
    this.text = node.querySelector("span");
    this.pause = pause;
    this.onTick = onTick;
    this.draw();
  }

  draw() {
    clearTimeout(this.#timer);
    const { left, over } = this.pause();
    const isCooling = left > 0;
    this.node.classList.toggle("cooling", isCooling);
    this.node.style.setProperty("--filled", over.toFixed(3));
    const seconds = Math.ceil(left / 1000);
    const { send, wait, waitShort } = texts.button;
    const text = isCooling ? (NARROW.matches ? waitShort : wait)(seconds) : send;
    if (this.text.textContent !== text) this.text.textContent = text;
    this.onTick(seconds);
    if (isCooling) this.#timer = setTimeout(() => this.draw(), Math.min(STEP_MS, left));
  }
}
