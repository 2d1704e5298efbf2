// How dense the wall must be: calm, busy or dense. Pure: it gets the time and what came.

import { BUSY, CALM, DENSE } from "./sizes.js";

/** A level is enough while the next bullet would wait no longer than this, in ms. */
const MOST_WAIT = { [CALM]: 1000, [BUSY]: 2000 };
const DOWN_AFTER_MS = 10_000;
/** What waits longer is folded, so no backlog is larger. */
const MOST_BACKLOG_MS = 3000;
/** With more than this to do, a busy wall has more than it can show. */
const CROWD_MS = 1000;

/**
 * Goes up at once, and down after ten seconds in which a lower level would have been enough. What a lower level would
 * do is a matter of its backlog, which is kept as if it were used. So the wall does not go to and fro under an even load.
 */
export class Density {
  #level = CALM;
  #backlogs = { [CALM]: 0, [BUSY]: 0 }; // in ms of that level's time
  #updatedAt = -Infinity;
  #neededAt = -Infinity;
  #highest = CALM; // that was needed since then

  get level() {
    return this.#level;
  }

  /** Whether more comes than a busy wall can show, whatever the level is now. */
  get isCrowd() {
    return this.#backlogs[BUSY] > CROWD_MS;
  }

  /** A new bullet of this width, in sizes of its font; `layouts` are those of the wall. */
  came(width, layouts, now) {
    this.#pass(now);
    for (const level of [CALM, BUSY]) {
      const { size, gap, tracks, speed } = layouts[level - 1];
      const takes = (width * size + gap) / (tracks * speed);
      this.#backlogs[level] = Math.min(MOST_BACKLOG_MS, this.#backlogs[level] + takes);
    }
  }

  /** `wait` is how long the bullet that is next has waited already, in ms. Returns the level from now on. */
  update(wait, now) {
    this.#pass(now);
    const needed = this.#needed(wait);
    if (needed >= this.#level) this.#go(needed, now);
    else {
      this.#highest = Math.max(this.#highest, needed);
      if (now - this.#neededAt >= DOWN_AFTER_MS) this.#go(this.#highest, now);
    }
    return this.#level;
  }

  #pass(now) {
    const passed = now - this.#updatedAt;
    this.#updatedAt = now;
    for (const level of [CALM, BUSY]) this.#backlogs[level] = Math.max(0, this.#backlogs[level] - passed);
  }

  #go(level, now) {
    this.#level = level;
    this.#neededAt = now;
    this.#highest = CALM;
  }

  /** The wait is that of the level in use, so it says nothing of the levels below. */
  #needed(wait) {
    const isEnough = (level) => Math.max(this.#backlogs[level], level >= this.#level ? wait : 0) <= MOST_WAIT[level];
    return [CALM, BUSY].find(isEnough) ?? DENSE;
  }
}
