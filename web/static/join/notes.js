// The line under the button, the pill, and what screen readers say: one region for the page, one for one's own messages.

import { translations } from "../translations.js";
import { texts } from "./texts.js";

/** So long a text of a state stays, so that the next one does not silence it. */
const SPOKEN_MS = 1000;

/** What is worst is shown: no connection, then why a message waits, then a part that is down, then what is usual. */
export class Notes {
  #usual;
  #offline;
  #trouble;
  #full;
  #problem;
  #spokenAt = -Infinity;
  #isKnown = false; // whether the server can be reached

  constructor(line, announcer, says) {
    this.line = line;
    this.announcer = announcer;
    this.says = says;
    this.pill = document.getElementById("pill");
    this.#usual = { text: line.textContent, tone: line.className.replace("note", "").trim() };
  }

  /** Another state of one's own message. What lasts a moment is not said. */
  state(entry, said, isBrief) {
    if (isBrief) return;
    const text = `${entry.text}: ${said}`;
    const now = performance.now();
    const isSoon = now - this.#spokenAt < SPOKEN_MS;
    this.says.textContent = isSoon ? `${this.says.textContent}. ${text}` : text;
    this.#spokenAt = now;
  }

  /** The next try waits for the server or the network; without a reason, all is well again. */
  trouble(reason) {
    this.#trouble = reason && texts.notes[reason];
    this.#draw();
  }

  /** One message is kept already, or so many are under way that the list is `long`. */
  full(isLong) {
    this.#full = isLong ? texts.notes.long : texts.notes.full;
    this.#draw();
  }

  /** There is room again. */
  clear() {
    this.#full = undefined;
    this.#draw();
  }

  online(isOnline, reason) {
    this.#isKnown = true;
    this.#offline = isOnline ? undefined : texts.notes[reason];
    this.#draw();
  }

  problems(problems, totals) {
    const [worst] = problems;
    this.#problem = worst && translations.problem.title(worst, totals);
    this.#draw();
  }

  #draw() {
    const bad = this.#offline ?? this.#trouble;
    const warn = this.#full ?? this.#problem;
    const { text, tone } = bad ? { text: bad, tone: "bad" } : warn ? { text: warn, tone: "warn" } : this.#usual;
    this.#pill();
    if (this.line.textContent === text) return;
    this.line.textContent = text;
    this.line.className = `note ${tone}`;
    this.announcer.textContent = bad ?? warn ?? "";
  }

  #pill() {
    if (!this.#isKnown) return; // it connects
    const state = this.#offline ? "offline" : this.#problem ? "behind" : "live";
    if (this.pill.dataset.state === state) return;
    this.pill.dataset.state = state;
    this.pill.querySelector("span").textContent = translations.pill[state];
  }
}
