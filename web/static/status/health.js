// Problems: the pill, and banners for an unreachable server, a backlog, and parts that are down.

import { clock } from "../text.js";
import { translations } from "../translations.js";

const BACKLOG = 500;
const GROWS_FOR_MS = 5000;
const SILENT_FOR_MS = 1000;
const PROCESSOR_SEEN_MS = 10_000; // how far back the feed's list of processors looks
const FAILURES_BEFORE_OFFLINE = 2;
/** Problems that are no reason for a backlog: it has its own banner, and messages are deleted because they wait. */
const EFFECTS = new Set(["processing", "retention"]);

/** Follows replies and failures of the feed. `retry()` polls at once; `onOnline(isOnline)` is called on changes. */
export class Health {
  #countdown;
  #isBehind = false;
  #backlogs = []; // of the last seconds, while there is one
  #silentSince;
  #wasAnswering = false;

  constructor({ banners, pill, retry, onOnline }) {
    this.banners = banners;
    this.pill = pill;
    this.retry = retry;
    this.onOnline = onOnline;
  }

  /** The homepage has just started and knows no numbers yet. What was said of a backlog stays. */
  beginning({ totals, problems }) {
    this.#answered();
    this.#problems(problems, totals);
    this.#setPill(this.#isBehind || problems.length > 0 ? "behind" : "live");
  }

  /** True when messages wait longer than they should; `accepted` as the page counts. */
  reply({ totals, processors, problems }, accepted) {
    this.#answered();
    const has = (name) => problems.some(({ part }) => part === name);
    const isExplained = problems.some(({ part }) => !EFFECTS.has(part));
    this.#backlog(totals.waiting, accepted, processors.length, { isExplained, isSafe: !has("retention") });
    // The banner of a backlog says that nothing is processed, too, with numbers.
    const isSaid = ({ part }) => part === "processing" && this.#isBehind;
    this.#problems(problems.filter((problem) => !isSaid(problem)), totals);
    this.#setPill(this.#isBehind || problems.length > 0 ? "behind" : "live");
    return this.#isBehind;
  }

  #answered() {
    clearInterval(this.#countdown);
    this.banners.hide("offline");
    this.onOnline(true);
  }

  failure({ failures, retryAt, reason }) {
    // One answer may get lost. A login page does not come by chance.
    if (reason === "offline" && failures < FAILURES_BEFORE_OFFLINE) return;
    this.banners.keepOnly("", ["offline"]); // it is not known whether the others are still true
    clearInterval(this.#countdown);
    const show = () => this.#offline(reason, failures, Math.ceil((retryAt - performance.now()) / 1000));
    this.#countdown = setInterval(show, 1000);
    show();
    this.#setPill("offline");
    this.onOnline(false);
  }

  #offline(reason, attempt, seconds) {
    this.banners.show("offline", {
      tone: "bad",
      isAlert: true,
      title: translations.offline.titles[reason],
      extra: translations.offline.countdown(seconds, attempt),
      detail: translations.offline.detail,
      action: translations.offline.action,
      onAction: this.retry,
    });
  }

  #problems(problems, totals) {
    this.banners.keepOnly(
      "problem ",
      problems.map(({ part }) => `problem ${part}`),
    );
    for (const problem of problems) {
      this.banners.show(`problem ${problem.part}`, {
        tone: "warn",
        title: translations.problem.title(problem, totals),
        detail: translations.problem.detail(problem, clock(since(problem, totals))),
      });
    }
  }

  #backlog(waiting, accepted, processors, { isExplained, isSafe }) {
    const now = performance.now();
    this.#listen(waiting, processors, now);
    const isSilent = processors === 0 && now - this.#silentSince >= SILENT_FOR_MS;
    const isBad = isSilent || this.#grows(waiting, now);
    // Once there is a backlog, it is shown until it is gone, also while it shrinks.
    this.#isBehind = waiting > BACKLOG && (this.#isBehind || isBad);
    if (!this.#isBehind) this.banners.hide("backlog");
    else {
      const detail = isExplained ? translations.backlog.explained(isSafe) : this.#reason(processors, now, isSafe);
      this.banners.show("backlog", { tone: "warn", title: translations.backlog.title(accepted, waiting), detail });
    }
  }

  /** Whether more messages wait than five seconds ago, and too many waited already then. */
  #grows(waiting, now) {
    if (waiting <= BACKLOG) this.#backlogs = [];
    else this.#backlogs.push({ waiting, at: now });
    while (this.#backlogs[1]?.at <= now - GROWS_FOR_MS) this.#backlogs.shift();
    const [before] = this.#backlogs;
    return before !== undefined && before.at <= now - GROWS_FOR_MS && waiting > before.waiting;
  }

  /** The silence is counted only while messages wait. The list of processors empties 10 s after the last row. */
  #listen(waiting, processors, now) {
    const isSilent = waiting > 0 && processors === 0;
    const began = this.#wasAnswering ? now - PROCESSOR_SEEN_MS : now;
    this.#silentSince = isSilent ? (this.#silentSince ?? began) : undefined;
    this.#wasAnswering = waiting > 0 && processors > 0;
  }

  #reason(processors, now, isSafe) {
    if (processors > 0) return translations.backlog.busy(processors);
    return translations.backlog.silent(Math.floor((now - this.#silentSince) / 1000), isSafe);
  }

  #setPill(state) {
    this.pill.dataset.state = state;
    const text = this.pill.querySelector("span");
    if (text.textContent !== translations.pill[state]) text.textContent = translations.pill[state];
  }
}

/** The number of deleted messages counts from their own time. */
const since = (problem, { expired_since }) => (problem.part === "retention" && expired_since) || problem.since;
