// The tools of the stage. They come with the mouse, a finger or the keyboard's focus, and go when these rest. Where the
// demo may be controlled, they do what its keys do.

import { make, write } from "./dom.js";
import { texts } from "./texts.js";

const REST_MS = 3000;
/** The keys of the demo, what their buttons say, and their names where that says too little. */
const DIALS = [
  ["-", "−", "fewer"],
  ["+", "+", "more"],
  ["a", "automatic"],
  ["1", "quiet"],
  ["2", "busy"],
  ["3", "stampede"],
  ["k", "killProcessor"],
  ["r", "killRouter"],
  ["t", "playTour"],
];

/** Shows `root` when somebody points, and presses `keys` by its buttons. */
export class Tools {
  #buttons = new Map();
  #timer;

  constructor(root, keys) {
    this.root = root;
    this.keys = keys;
    document.addEventListener("pointermove", ({ pointerType }) => pointerType === "touch" || this.#show(), { passive: true });
    document.addEventListener("click", () => this.#show()); // of a finger, too: by then it has pressed what was under it
  }

  /** The demo may be controlled from here. */
  allow() {
    if (this.#buttons.size > 0) return;
    const { controls } = texts;
    const group = make("div", "dials");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", controls.title);
    for (const [key, text, name] of DIALS) this.#add(group, key, controls[text] ?? text, controls[name]);
    this.root.append(group);
  }

  #add(group, key, text, name) {
    const button = make("button", "", text);
    button.type = "button";
    button.dataset.key = key;
    if (name) button.setAttribute("aria-label", name);
    button.addEventListener("click", () => this.keys.press(key, `“${text}”`));
    this.#buttons.set(key, button);
    group.append(button);
  }

  /** Only what works now is offered. */
  update({ tour }) {
    for (const [key, button] of this.#buttons) button.hidden = !this.keys.offers(key);
    const { playTour, stopTour } = texts.controls;
    if (this.#buttons.size > 0) write(this.#buttons.get("t"), tour ? stopTour : playTour);
  }

  #show() {
    document.body.classList.add("has-mouse");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#hide(), REST_MS);
  }

  /** A button that was clicked keeps the focus, which would keep the tools. That of the keyboard stays. */
  #hide() {
    document.body.classList.remove("has-mouse");
    const focused = document.activeElement;
    if (this.root.contains(focused) && !focused.matches(":focus-visible")) focused.blur();
  }
}
