// What the feed says: which of one's own messages are on the wall, how long the others still wait, and whether the
// server can be reached.

import { Clock } from "../feed/clock.js";
import { Feed } from "../feed/feed.js";
import { onPresence } from "../feed/presence.js";
import { Palette } from "../wall/palette.js";
import { Seen } from "../wall/seen.js";
import { Throughput } from "./throughput.js";

/** So long a message is on the wall: the way over a large one. */
const FLIGHT_MS = 10_000;
/** What comes later after it was stored was not seen coming: the phone was locked, or had no network. The wall folds it. */
const LATE_MS = 2500;
const FAILURES_BEFORE_OFFLINE = 2;
/** What becomes another state when the feed brings the message. */
const BEFORE_WALL = new Set(["kept", "held", "sending", "waiting", "unsure", "unsent", "failed"]);

/** Hooks: `onReply(reply, fresh, unseen)`, `onOnline(isOnline, reason)`, `onPresence(isVisible)`. */
export class Watch {
  #clock = new Clock();
  #palette = new Palette();
  #seen = new Seen();
  #throughput = new Throughput();
  #targets = new WeakMap(); // how many messages must be finished before each of one's own
  #isOnline;
  /** Whether the feed has left out bullets since the last message was sent. */
  hasSkipped = false;

  constructor(own, hooks) {
    this.own = own;
    this.hooks = hooks;
    this.feed = new Feed({ onReply: (reply) => this.#take(reply), onFailure: (failure) => this.#fail(failure) });
  }

  /** Asks while the page is visible. */
  start() {
    const look = (isVisible) => {
      this.hooks.onPresence(isVisible);
      if (isVisible) this.feed.start();
      else this.feed.stop();
    };
    onPresence(look);
    if (document.visibilityState === "visible") this.feed.start();
  }

  slotOf(processor) {
    return this.#palette.slot(processor);
  }

  /** The server's time, in ms since the epoch. */
  get now() {
    return this.#clock.now();
  }

  /** Seconds until the message is processed, or undefined. */
  left(entry) {
    const target = this.#targets.get(entry);
    return target === undefined ? undefined : this.#throughput.secondsTo(target);
  }

  sent() {
    this.hasSkipped = false;
    this.feed.hurry();
  }

  /**
   * A message is found, in the feed or by its position: the state that follows from its row. In the feed, it `isLive`, and
   * the page had not asked for so many ms before.
   */
  found(entry, row, isLive, unasked = 0) {
    const now = this.#clock.now();
    const isLate = now - row.stored_at > LATE_MS + unasked;
    const ms = Math.max(0, (isLate || !isLive ? row.stored_at : now) - row.sent_at);
    const slot = this.slotOf(row.processor);
    this.#targets.delete(entry);
    if (!isLive || isLate) return { state: "was", ms, slot };
    setTimeout(() => entry.state === "now" && this.own.change(entry, { state: "was" }), FLIGHT_MS);
    return { state: "now", ms, slot };
  }

  #take(reply) {
    const { totals, processors, slots = {}, bullets, unseen, isFirst, unasked } = reply;
    this.#clock.take(reply, performance.now());
    this.#palette.update(slots, processors, performance.now());
    const fresh = bullets.filter((bullet) => this.#seen.add(bullet));
    const hasLooked = unasked !== undefined; // else the feed leaves out much, and the room has seen it
    if (hasLooked && unseen > 0) this.hasSkipped = true;
    for (const bullet of fresh) {
      const entry = this.own.find(bullet);
      if (entry && BEFORE_WALL.has(entry.state)) this.own.change(entry, this.found(entry, bullet, !isFirst, unasked));
    }
    if (totals.since) this.#estimate(totals);
    this.#tell(true);
    this.hooks.onReply(reply, isFirst ? [] : fresh, unseen);
  }

  #estimate(totals) {
    if (this.#throughput.take(totals, performance.now())) this.#targets = new WeakMap();
    for (const entry of this.own.waiting) if (!this.#targets.has(entry)) this.#targets.set(entry, totals.accepted);
  }

  #fail({ failures, reason }) {
    // One answer may get lost. A login page does not come by chance.
    if (reason === "offline" && failures < FAILURES_BEFORE_OFFLINE) return;
    this.#tell(false, reason);
  }

  #tell(isOnline, reason) {
    const state = isOnline ? "online" : reason;
    if (state === this.#isOnline) return;
    this.#isOnline = state;
    this.hooks.onOnline(isOnline, reason);
  }
}
