// What every page with a wall does: asks for the feed, and gives each reply to the parts that show it.

import { Clock } from "./feed/clock.js";
import { Feed } from "./feed/feed.js";
import { onPresence } from "./feed/presence.js";
import { Announcer } from "./status/announcer.js";
import { Banners } from "./status/banners.js";
import { Counters } from "./status/counters.js";
import { Health } from "./status/health.js";
import { Legend } from "./wall/legend.js";
import { List } from "./wall/list.js";
import { Palette } from "./wall/palette.js";
import { Sample } from "./wall/sample.js";
import { Seen } from "./wall/seen.js";
import { View } from "./wall/view.js";
import { Wall } from "./wall/wall.js";

const node = (id) => document.getElementById(id);
const ignore = () => {};

/** While one of these is down, messages wait for it, and nobody knows what processors could do. */
const BEFORE_OR_AFTER = new Set(["kafka", "event-router", "table", "reader", "processing"]);

/**
 * Hooks, all optional: `isMine(bullet)`, `onShown(entry)` for each that people can read, `onPick(entry, node)`, `onDropped()`,
 * `onReply(reply, bullets, came)`, `onFailure()`, `onOnline(isOnline)`, `onPresence(isVisible)`.
 */
export class Page {
  #clock = new Clock();
  #palette = new Palette();
  #seen = new Seen();
  #sample = new Sample();
  #mend = ignore;

  constructor({ unit, ...hooks } = {}) {
    this.hooks = hooks;
    this.problems = []; // as the feed said last: none while it does not answer
    this.onProblems = ignore; // called when these are others
    this.announcer = new Announcer(node("announcer"));
    this.counters = new Counters(document.querySelector(".counters"));
    this.legend = node("legend") && new Legend(node("legend")); // on the stage the lanes are it
    const shows = {
      slotOf: (processor) => this.slotOf(processor),
      onShown: (entry) => this.#shown(entry),
      onPick: hooks.onPick,
    };
    const { onFlying, onDropped } = { onFlying: (entry) => this.#begins(entry), onDropped: hooks.onDropped };
    this.wall = new Wall(node("sky"), { unit, now: () => this.now, onFlying, onDropped, ...shows });
    this.list = new List(node("list-body"), shows);
    this.view = new View(node("wall"), { wall: this.wall, list: this.list });
    this.banners = new Banners(node("banners"), node("banner-template"), (text) => this.announcer.say(text));
    this.health = new Health({
      banners: this.banners,
      pill: node("pill"),
      retry: () => this.feed.start(),
      onOnline: (isOnline) => {
        if (!isOnline) this.#know([]);
        hooks.onOnline?.(isOnline);
      },
    });
    this.feed = new Feed({
      onReply: (reply) => this.#take(reply),
      onFailure: (failure) => this.#fail(failure),
    });
  }

  slotOf(processor) {
    return this.#palette.slot(processor);
  }

  /** The server's time, in ms since the epoch. */
  get now() {
    return this.#clock.now();
  }

  /** Polls while the page is visible. */
  start() {
    const look = (isVisible) => {
      this.view.setVisible(isVisible);
      this.hooks.onPresence?.(isVisible);
      if (isVisible) this.feed.start();
      else this.feed.stop();
    };
    onPresence(look);
    if (document.visibilityState === "visible") this.feed.start();
  }

  /** A browser remembers a module that it cannot load. So the page loads itself again while it is there and `isFree()`. */
  reload(error, isFree = () => true) {
    console.warn("the pipeline cannot be loaded", error);
    const isAgain = performance.getEntriesByType("navigation")[0]?.type === "reload";
    let at = performance.now() + (isAgain ? 300_000 : 10_000); // the module may never load
    this.#mend = async () => {
      if (performance.now() < at || !isFree()) return;
      at = performance.now() + 10_000;
      const isThere = await fetch(location.href, { cache: "no-store" }).then(({ ok }) => ok, ignore);
      if (isThere && isFree()) location.reload();
    };
  }

  #take(reply) {
    const { totals, processors, slots = {} } = reply; // a homepage of before says no slots
    this.#clock.take(reply, performance.now());
    this.#know(reply.problems);
    this.#mend();
    if (!totals.since) {
      this.health.beginning(reply);
      this.hooks.onFailure?.(); // it is not known what was sent in this time
      return;
    }
    const isRestart = this.counters.update(totals);
    if (isRestart) {
      this.wall.uncount();
      this.list.uncount();
    }
    this.#palette.update(slots, processors, performance.now());
    const came = this.#show(reply, !isRestart);
    this.counters.warn(this.health.reply(reply, this.counters.accepted));
    this.#drawLegend(processors, totals.waiting);
    this.announcer.came(came, totals.waiting, processors.length);
  }

  #know(problems) {
    const parts = (all) => all.map(({ part }) => part).join();
    const isOther = parts(problems) !== parts(this.problems);
    this.problems = problems;
    if (isOther) this.onProblems();
  }

  #fail(failure) {
    this.health.failure(failure);
    this.hooks.onFailure?.();
  }

  /** What was there before this page is listed. It neither flies nor counts as shown. */
  #show(reply, isCounting) {
    const { bullets, unseen, isFirst, unasked } = reply;
    const fresh = bullets.filter((bullet) => this.#seen.add(bullet));
    const flying = isFirst ? [] : fresh;
    const counts = isCounting && !isFirst;
    const of = (bullet) => ({ counts, isMine: this.hooks.isMine?.(bullet) ?? false });
    this.view.add({ bullets: fresh, flying, unseen, counts, of, unasked });
    this.view.setSample(this.#sample.add(bullets.length, bullets.length + unseen, performance.now()));
    const came = flying.length + unseen;
    this.hooks.onReply?.(reply, isFirst ? [] : fresh, came);
    return came;
  }

  #begins({ first }) {
    first.shown_at ??= this.now;
  }

  /** All of an entry can be read now, on the wall or in the list; or the wall says how many it has folded. */
  #shown(entry) {
    if (entry.first) this.#begins(entry);
    if (entry.text === undefined) {
      this.counters.folded(entry.counts);
      return;
    }
    this.counters.shown(entry.counts);
    this.hooks.onShown?.(entry);
  }

  #drawLegend(processors, waiting) {
    if (!this.legend) return;
    const entries = this.#palette.legend();
    const named = new Set(entries.map(({ name }) => name));
    const extra = processors.filter((name) => !named.has(name)).length;
    const isOtherPart = this.problems.some(({ part }) => BEFORE_OR_AFTER.has(part));
    this.legend.draw(entries, extra, waiting > 0 && !isOtherPart);
  }
}
