// What screen readers say: events at once, and a summary of the barrage every five seconds.

import { translations } from "../translations.js";

const EVERY_MS = 5000;

/** Speaks through one polite live region. */
export class Announcer {
  #messages = 0;
  #spokenAt = performance.now();

  constructor(region) {
    this.region = region;
  }

  say(text) {
    this.region.textContent = text;
    this.#spokenAt = performance.now();
  }

  /** Counts messages. The summary is spoken once the last text is old enough. */
  came(messages, waiting, processors) {
    this.#messages += messages;
    if (this.#messages === 0 || performance.now() - this.#spokenAt < EVERY_MS) return;
    this.say(translations.summary(this.#messages, waiting, processors));
    this.#messages = 0;
  }
}
