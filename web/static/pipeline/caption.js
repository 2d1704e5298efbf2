// The caption of the tour: which step it plays, what is shown, and what to look at.

import { make, mute } from "./dom.js";
import { style } from "../style.js";
import { texts } from "./texts.js";

/** Stands first in `wall`, while a tour plays. Screen readers hear each step if it `isSpoken`: one live region is enough for `/`. */
export class Caption {
  #shown = "";

  constructor(wall, { isSpoken }) {
    this.root = make("p", "unseen");
    if (isSpoken) this.root.setAttribute("role", "status"); // empty at first: screen readers tell what changes in it
    wall.prepend(this.root);
  }

  /** `tour` is null while none plays. A newer server may have steps that this page does not know. */
  async update(tour) {
    const step = texts.tour.steps[tour?.step];
    const shown = step ? `${tour.number}/${tour.of}` : "";
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (step) await style("tour.css");
    if (this.#shown !== shown) return; // another step has come meanwhile
    document.body.classList.toggle("has-tour", Boolean(step));
    this.root.className = step ? "tour" : "unseen";
    this.root.replaceChildren(...(step ? lineOf(shown, tour, step) : []));
  }
}

function lineOf(shown, { number, of }, [title, text]) {
  const place = make("span", "tour-step", mute(make("b", "", shown)), make("span", "unseen", texts.tour.step(number, of)));
  return [place, make("span", "tour-text", make("b", "", title), texts.space, text)];
}
