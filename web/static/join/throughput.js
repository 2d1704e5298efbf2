// How fast messages are finished, by the feed's totals, and so how long one still waits: pure arithmetic, no clock.

import { roundedTime } from "../text.js";

/** Over so long it is measured. */
const WINDOW_MS = 5000;
/** Nobody believes an estimate that is longer. */
const MOST_S = 600;

/** Measured over the last seconds. */
export class Throughput {
  #samples = [];
  #since;

  /** Takes the totals of a reply and its time in ms. True when the server counts from another moment than before. */
  take({ accepted, waiting, since }, now) {
    const isRestart = this.#since !== undefined && this.#since !== since;
    if (isRestart) this.#samples = [];
    this.#since = since;
    this.#samples.push({ at: now, finished: accepted - waiting });
    while (this.#samples[1]?.at <= now - WINDOW_MS) this.#samples.shift();
    return isRestart;
  }

  /** Seconds until `target` messages are finished; undefined if that cannot be said. */
  secondsTo(target) {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    const perSecond = last && ((last.finished - first.finished) / (last.at - first.at)) * 1000;
    if (!(perSecond > 0)) return undefined;
    const seconds = Math.max(0, target - last.finished) / perSecond;
    return seconds > MOST_S ? undefined : roundedTime(seconds, Math.ceil);
  }
}
