// The sentence as the page shows it, and the lines that answer a key in its place.

import { make } from "./dom.js";
import { identityOf, Pace, sentence } from "./sentence.js";
import { texts } from "./texts.js";

const ANSWER_MS = 2000;
/** Screen readers get a new sentence at most so often, failures at once. */
const SPOKEN_EVERY_MS = 5000;
const URGENT = ["down", "offline"];

/** Writes into `root`. `problems()` are those of the feed, the worst first, left out where banners show them; `announce(text)` speaks. */
export class Says {
  #pace = new Pace();
  #drawn = "";
  #spoken = "";
  #spokenAt = -Infinity;
  #timer;
  #answered = false;

  constructor(root, { problems, announce = () => {} }) {
    this.root = root;
    this.hasBanners = problems === undefined; // which say what is wrong
    this.problems = problems ?? (() => []);
    this.announce = announce;
    this.line = make("span", "sentence-line");
    root.replaceChildren(this.line);
  }

  /** Says what a state means; a problem that the pipeline does not know comes before all but a part that is down. */
  state(state) {
    const said = sentence(state, texts.sentence);
    const [problem] = said.key === "down" ? [] : this.problems();
    this.#show(problem ? { key: `problem ${problem.key}`, tone: problem.tone, reason: problem.detail, result: problem.title, leads: true } : said);
  }

  offline(since) {
    const problem = this.problems().find(({ key }) => key === "offline");
    const title = this.hasBanners ? "" : (problem?.title ?? texts.unreachable);
    const [reason, result] = texts.sentence.offline(title, since);
    this.#show({ key: "offline", tone: "bad", reason, result, leads: true });
  }

  /** Answers a key: for two seconds this stands in the place of the sentence. */
  answer(text) {
    this.#answered = true;
    this.#draw({ key: "answer", tone: "accent", reason: "", result: text });
    this.announce(text);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#answered = false;
      if (this.now) this.#draw(this.now);
    }, ANSWER_MS);
  }

  #show(wanted) {
    const now = performance.now();
    this.now = this.#pace.next(wanted, now);
    if (!this.#answered) this.#draw(this.now);
    this.#speak(this.now, now);
  }

  /** A sentence is spoken when it is another one, not when its numbers change. */
  #speak(said, now) {
    const isDue = now - this.#spokenAt >= SPOKEN_EVERY_MS || URGENT.includes(said.key);
    const identity = identityOf(said);
    if (identity === this.#spoken || !isDue) return;
    this.#spoken = identity;
    this.#spokenAt = now;
    this.announce(textOf(said));
  }

  #draw(said) {
    const drawn = JSON.stringify(said);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.root.dataset.tone = said.tone;
    this.root.dataset.key = said.key;
    const result = make("b", "", said.result);
    const parts = (said.leads ? [result, said.reason] : [said.reason, result]).filter((it) => it.textContent !== "" && it !== "");
    this.line.replaceChildren(...parts.flatMap((part, i) => (i > 0 ? [texts.space, part] : [part])));
  }
}

const textOf = ({ leads, reason, result }) => (leads ? [result, reason] : [reason, result]).filter(Boolean).join(texts.space);
