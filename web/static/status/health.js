// What is wrong, for the person: the pill and the banners for an absent server, a backlog, and parts that are down.

import * as copy from "../copy.js";
import { clock } from "../text.js";

const BACKLOG = 500;
const BACKLOG_LASTS_MS = 5000;
const PROCESSOR_SEEN_MS = 10_000; // how far back the feed's list of processors looks
const FAILURES_BEFORE_OFFLINE = 2;

/** Follows replies and failures of the feed. `retry()` polls at once, `onOnline(isOnline)` tells of changes. */
export class Health {
  #countdown;
  #backlogSince;
  #silentSince;
  #wasAnswering = false;

  constructor({ banners, pill, retry, onOnline }) {
    this.banners = banners;
    this.pill = pill;
    this.retry = retry;
    this.onOnline = onOnline;
  }

  /** True when messages wait longer than they should. */
  reply({ totals, processors, problems }) {
    clearInterval(this.#countdown);
    this.banners.hide("offline");
    this.#problems(problems);
    const isBehind = this.#backlog(totals.waiting, processors.length, problems.length > 0);
    this.#setPill(isBehind || problems.length > 0 ? "behind" : "live");
    this.onOnline(true);
    return isBehind;
  }

  failure({ failures, retryAt }) {
    if (failures < FAILURES_BEFORE_OFFLINE) return;
    clearInterval(this.#countdown);
    const show = () => this.#offline(failures, Math.ceil((retryAt - performance.now()) / 1000));
    this.#countdown = setInterval(show, 1000);
    show();
    this.#setPill("offline");
    this.onOnline(false);
  }

  #offline(attempt, seconds) {
    this.banners.show("offline", {
      tone: "bad",
      role: "alert",
      title: copy.offline.title,
      extra: copy.offline.countdown(seconds, attempt),
      detail: copy.offline.detail,
      action: copy.offline.action,
      onAction: this.retry,
    });
  }

  #problems(problems) {
    this.banners.keepOnly(
      "problem ",
      problems.map(({ part }) => `problem ${part}`),
    );
    for (const problem of problems) {
      this.banners.show(`problem ${problem.part}`, {
        tone: "warn",
        title: copy.problem.title(problem),
        detail: copy.problem.detail(problem, clock(problem.since)),
      });
    }
  }

  #backlog(waiting, processors, isExplained) {
    const now = performance.now();
    this.#listen(waiting, processors, now);
    this.#backlogSince = waiting > BACKLOG ? (this.#backlogSince ?? now) : undefined;
    const isBehind = this.#backlogSince !== undefined && now - this.#backlogSince > BACKLOG_LASTS_MS;
    if (!isBehind) this.banners.hide("backlog");
    else this.#showBacklog(waiting, isExplained ? copy.backlog.safe : this.#reason(processors, now));
    return isBehind;
  }

  /** Silence counts only while something waits; if the list empties in the middle of work, it is old already. */
  #listen(waiting, processors, now) {
    const isSilent = waiting > 0 && processors === 0;
    const began = this.#wasAnswering ? now - PROCESSOR_SEEN_MS : now;
    this.#silentSince = isSilent ? (this.#silentSince ?? began) : undefined;
    this.#wasAnswering = waiting > 0 && processors > 0;
  }

  #reason(processors, now) {
    if (processors > 0) return copy.backlog.busy(processors);
    return copy.backlog.silent(Math.floor((now - this.#silentSince) / 1000));
  }

  #showBacklog(waiting, detail) {
    this.banners.show("backlog", {
      tone: "warn",
      title: copy.backlog.title,
      extra: copy.backlog.extra(waiting),
      detail,
    });
  }

  #setPill(state) {
    this.pill.dataset.state = state;
    const text = this.pill.querySelector("span");
    if (text.textContent !== copy.pill[state]) text.textContent = copy.pill[state];
  }
}
