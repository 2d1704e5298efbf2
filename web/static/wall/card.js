// The card of one bullet: who processed it, and how long each part of its way took.

import { translations } from "../translations.js";
import { styleOf } from "./palette.js";
import { nameOf } from "./queue.js";

const SPACE = 8;
const STEPS = ["read_at", "received_at", "stored_at", "shown_at"];

/** Opens next to a bullet or a row of the list. It is not modal: the wall goes on. */
export class Card {
  #anchor;
  #onClosed;

  constructor(node, { slotOf }) {
    this.node = node;
    this.slotOf = slotOf;
    this.facts = Object.fromEntries(
      [...node.querySelectorAll("[data-fact]")].map((fact) => [fact.dataset.fact, fact]),
    );
    node.querySelector(".card-close").addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    document.addEventListener("pointerdown", ({ target }) => {
      if (!node.contains(target) && !this.#anchor?.contains(target)) this.close();
    });
  }

  /** `anchor` gets the keyboard's focus back, if it can have it; `onClosed()` is called once. */
  open({ first, n }, anchor, onClosed) {
    this.close();
    this.#anchor = anchor;
    this.#onClosed = onClosed;
    this.#fill(first, n);
    this.node.hidden = false;
    this.#place(anchor.getBoundingClientRect());
    this.node.querySelector(".card-close").focus({ preventScroll: true });
  }

  close() {
    if (this.node.hidden) return;
    this.node.hidden = true;
    this.#anchor.focus({ preventScroll: true });
    this.#anchor = undefined;
    this.#onClosed?.();
  }

  #fill(bullet, n) {
    this.node.className = `card-pop slot-${styleOf(this.slotOf(bullet.processor))}`;
    this.node.querySelector("#card-title .text").textContent = bullet.message;
    this.node.querySelector("#card-title .who").textContent = nameOf(bullet);
    const merged = this.node.querySelector(".card-merged");
    merged.hidden = n === 1;
    merged.textContent = translations.card.merged(n);
    this.facts.processor.textContent = bullet.processor;
    this.facts.id.textContent = bullet.id;
    this.facts.burst.textContent = bullet.burst;
    this.facts.total.textContent = translations.milliseconds(took(bullet.sent_at, bullet.shown_at));
    this.node.querySelector(".card-way").replaceChildren(...way(bullet));
    this.#linkTrace(bullet.trace);
  }

  #linkTrace(trace) {
    const { traceUi } = document.body.dataset;
    const link = this.node.querySelector(".card-trace");
    link.hidden = !traceUi || !trace;
    if (!link.hidden) link.href = traceUi.replace("{trace}", encodeURIComponent(trace));
  }

  /** Below the bullet, else above, else next to it: never over it. On a small screen the style makes it a sheet. */
  #place(bullet) {
    const { width, height } = this.node.getBoundingClientRect();
    const within = (at, size, room) => Math.max(SPACE, Math.min(at, room - size - SPACE));
    const below = bullet.bottom + SPACE;
    const above = bullet.top - SPACE - height;
    const [right, leftOf] = [bullet.right + SPACE, bullet.left - SPACE - width];
    this.node.classList.toggle("at-top", bullet.top > innerHeight / 2);
    let [left, top] = [within(bullet.left, width, innerWidth), below];
    if (below + height > innerHeight && above >= 0) top = above;
    else if (below + height > innerHeight) {
      top = within(bullet.top, height, innerHeight);
      left = right + width < innerWidth || leftOf < 0 ? within(right, width, innerWidth) : leftOf;
    }
    this.node.style.setProperty("--left", `${left}px`);
    this.node.style.setProperty("--top", `${top}px`);
  }
}

/** One line for each part of the way whose end is known. Its bar begins where the one before ends. */
function way(bullet) {
  const all = took(bullet.sent_at, bullet.shown_at) || 1;
  let before = bullet.sent_at;
  const lines = [];
  for (const step of STEPS.filter((name) => bullet[name] !== undefined)) {
    const start = took(bullet.sent_at, before) / all;
    lines.push(lineNode(translations.card.steps[step], start, took(before, bullet[step]), all));
    before = bullet[step];
  }
  return lines;
}

function lineNode(name, from, duration, all) {
  const line = document.createElement("li");
  const [label, track, time] = ["span", "i", "b"].map((tag) => document.createElement(tag));
  label.textContent = name;
  track.append(document.createElement("i"));
  track.style.setProperty("--from", from);
  track.style.setProperty("--share", duration / all);
  time.textContent = translations.milliseconds(duration);
  line.append(label, track, time);
  return line;
}

/** Clocks of two machines may differ by a few ms: a duration is never negative. */
const took = (from, to) => Math.max(0, to - from);
