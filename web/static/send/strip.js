// The strip under the form: one line of text, or the progress of the burst.

import { grouped } from "../text.js";
import { translations } from "../translations.js";

/** Draws into the strip; `onStop()` is called by its button. */
export class Strip {
  constructor(root, { onStop }) {
    this.line = root.querySelector("#strip-line");
    this.burst = root.querySelector("#strip-burst");
    this.stop = root.querySelector("#stop");
    this.parts = Object.fromEntries(
      [...this.burst.querySelectorAll("[data-burst]")].map((node) => [node.dataset.burst, node]),
    );
    this.stop.addEventListener("click", onStop);
  }

  /** One line; tones: undefined, "bad", "good". */
  say(text, tone) {
    this.#showBurst(false);
    this.line.className = `strip-line ${tone ?? ""}`;
    if (this.line.textContent !== text) this.line.textContent = text;
  }

  /** The bar is time while the burst sends, then the share that is stored or was deleted. */
  follow({ phase, message, duration, elapsed, latest, shown, isUnstopped }) {
    this.#showBurst(true);
    const { accepted, stored, expired = 0 } = latest;
    const onTheirWay = Math.max(0, accepted - stored - expired);
    const isSent = phase === "draining";
    const { lead, time, bar } = this.parts;
    lead.textContent = isSent
      ? translations.onTheirWay(onTheirWay, accepted, expired)
      : isUnstopped
        ? translations.notStopped
        : translations.buttons.sending;
    this.parts.text.textContent = isSent ? "" : message;
    time.textContent = isSent ? "" : translations.elapsed(Math.floor(elapsed), duration);
    bar.value = isSent ? share(stored + expired, accepted) : share(elapsed, duration);
    this.parts.accepted.textContent = grouped(accepted);
    this.parts.stored.textContent = grouped(stored);
    this.parts.shown.textContent = grouped(shown);
    // A hidden button keeps its text, and so its width.
    const { stop, stopping } = translations.buttons;
    if (!isSent) this.stop.textContent = phase === "stopping" ? stopping : stop;
    // Not `disabled`, so that the button keeps the keyboard's focus.
    this.stop.setAttribute("aria-disabled", String(phase === "stopping"));
    this.stop.hidden = isSent;
  }

  /** Whether its button is visible. */
  get showsStop() {
    return !this.burst.hidden && !this.stop.hidden;
  }

  #showBurst(isShown) {
    this.line.hidden = isShown;
    this.burst.hidden = !isShown;
  }
}

function share(part, whole) {
  return whole > 0 ? Math.min(1, part / whole) : 0;
}
