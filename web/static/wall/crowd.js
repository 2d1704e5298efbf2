// What a full wall does with the texts of the last seconds, for the sentence. Pure: it gets the time.

const WINDOW_MS = 5000;

/** Counts texts, not messages: equal ones are one. */
export class Crowd {
  #events = []; // the oldest first

  /** A bullet has started that was so old, in ms. */
  flew(age, now) {
    this.#note({ at: now, flown: 1, folded: 0, age });
  }

  folded(texts, now) {
    if (texts > 0) this.#note({ at: now, flown: 0, folded: texts, age: 0 });
  }

  /**
   * Of each second `texts` came, `fly` and `folded` of them; the `oldest` was so old when it started, in ms. Undefined when
   * there is nothing to say: less than one a second was folded, or flew.
   */
  at(now) {
    this.#forget(now);
    const sum = (name) => this.#events.reduce((all, event) => all + event[name], 0);
    const [fly, folded] = [sum("flown"), sum("folded")].map((n) => Math.round((n * 1000) / WINDOW_MS));
    if (fly === 0 || folded === 0) return undefined;
    return { texts: fly + folded, fly, folded, oldest: Math.max(...this.#events.map(({ age }) => age)) };
  }

  #note(event) {
    this.#forget(event.at);
    this.#events.push(event);
  }

  #forget(now) {
    while (this.#events.length > 0 && now - this.#events[0].at > WINDOW_MS) this.#events.shift();
  }
}
