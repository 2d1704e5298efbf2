// How bullets are shown: as a wall or as a list, moving or paused, visible or hidden.

import { translations } from "../translations.js";

const REDUCED = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Owns the three tool buttons and gives each bullet to the wall or the list. */
export class View {
  #isVisible = true;
  #sample;
  #on = { pause: false, hide: false, list: REDUCED.matches };

  constructor(root, { wall, list }) {
    this.root = root;
    this.wall = wall;
    this.list = list;
    this.note = root.querySelector("#wall-note");
    this.caption = root.querySelector("#list-caption");
    for (const tool of document.querySelectorAll("[data-tool]")) {
      tool.addEventListener("click", () => this.toggle(tool.dataset.tool));
    }
    root.querySelector("#show-wall").addEventListener("click", () => {
      this.#set("list", false);
      document.querySelector("[data-tool=list]").focus(); // the button is a part of the list, which is closed
    });
    REDUCED.addEventListener("change", () => this.#set("list", REDUCED.matches));
    this.#apply();
  }

  /** `bullets` are new, `flying` are those of them that fly, `unseen` is how many came without text; `unasked` as for the wall. */
  add({ bullets, flying, unseen, counts, of, unasked }) {
    this.list.add(bullets, of);
    if (!this.#on.list) {
      this.wall.add(flying, of, unasked);
      if (unseen > 0) this.wall.addUnseen(unseen, counts);
    }
    this.#note();
  }

  setVisible(isVisible) {
    this.#isVisible = isVisible;
    this.#freeze();
  }

  /** Only some of the messages came as bullets: `{ received, passed }`, or undefined when all did. */
  setSample(sample) {
    this.#sample = sample;
    this.#note();
  }

  /** Turns a tool on or off; returns what it is now. */
  toggle(name) {
    this.#set(name, !this.#on[name]);
    return this.#on[name];
  }

  #set(name, value) {
    this.#on[name] = value;
    this.#apply();
  }

  #apply() {
    const { hide, list } = this.#on;
    for (const tool of document.querySelectorAll("[data-tool]")) {
      tool.setAttribute("aria-pressed", String(this.#on[tool.dataset.tool]));
    }
    this.root.classList.toggle("as-list", list);
    this.root.classList.toggle("is-hidden", hide);
    this.caption.textContent = REDUCED.matches ? translations.list.reduced : translations.list.chosen;
    if (list) this.wall.clear();
    this.wall.hide(hide);
    this.list.open(list && !hide);
    this.#freeze();
    this.#note();
  }

  #freeze() {
    const isFrozen = this.#on.pause || !this.#isVisible;
    this.wall.freeze(isFrozen);
    this.list.hold(isFrozen);
  }

  #note() {
    const { pause, hide, list } = this.#on;
    const notes = [];
    if (pause) notes.push(translations.wallNote.paused(this.wall.waiting));
    if (hide) notes.push(list ? translations.wallNote.listHidden : translations.wallNote.hidden);
    if (notes.length === 0 && this.#sample) {
      notes.push(translations.wallNote.sample(this.#sample.received, this.#sample.passed));
    }
    const text = notes.join(" ");
    if (this.note.textContent !== text) this.note.textContent = text;
  }
}
