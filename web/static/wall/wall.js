// The wall: bullets fly from right to left. The queue chooses the next one, the density its size and speed, the tracks
// its place.

import { dress, lettersOn } from "./bullet.js";
import { Crowd } from "./crowd.js";
import { Density } from "./density.js";
import { Flight } from "./flight.js";
import { Queue } from "./queue.js";
import { BUSY, CALM, layouts, widthOf } from "./sizes.js";
import { Tracks } from "./tracks.js";

const TICK_MS = 50;
const MOST_FLYING = 160;
/** The least time between two starts, by the level: if all tracks began at once, that would look like a column. */
const START_EVERY_MS = [100, 50, 25];
/** After a long frame so many may follow at once. */
const MOST_STARTS = 6;
/**
 * From the second level on, what has waited so long follows a slower bullet at its speed: else a wall that has become
 * denser folds texts until its slow bullets are gone. For a crowd the tracks must become fast.
 */
const PATIENCE_MS = 500;
const HOOKS = ["onFlying", "onShown", "onFolded", "onPick", "onDropped"];

/**
 * Shows bullets in `sky`. `now()` is the server's time in ms since the epoch, `slotOf(processor)` a number for its colour.
 * Calls `onFlying(entry)` when a bullet starts, `onShown(entry)` for each that has become readable and for each fold,
 * `onFolded(bullets)` with those of this page that were folded, `onPick(entry, node)` on a click, and `onDropped()` when the
 * held bullet is removed. See queue.js for entries.
 */
export class Wall {
  #queue = new Queue();
  #density = new Density();
  #tracks = new Tracks();
  #crowd = new Crowd();
  #flights = new Map(); // by their nodes
  #layouts;
  #width = 0;
  #height = 0;
  #hasRoom = true; // until it is known
  #isFrozen = false;
  #isHidden = false;
  #stoodAt = 0; // of the timeline
  #offset = 0; // how long the wall has stood still in all
  #held; // the one flight that stands still for its card, and since when
  #timer;
  #startAt = 0; // no earlier than this is the next start

  constructor(sky, hooks) {
    const { unit, now = Date.now, slotOf, ...calls } = hooks;
    Object.assign(this, { sky, unit, now, slotOf });
    this.calls = Object.fromEntries(HOOKS.map((name) => [name, calls[name] ?? (() => {})]));
    sky.addEventListener("click", (event) => {
      const flight = this.#flights.get(event.target.closest(".bullet"));
      if (flight?.entry.first) this.calls.onPick(flight.entry, flight.node);
    });
    new ResizeObserver(() => this.#fit()).observe(sky);
  }

  get waiting() {
    return this.#queue.messages;
  }

  get #level() {
    return this.#density.level;
  }

  /** What becomes of the texts of the last seconds; undefined while all can be read. */
  get crowd() {
    return this.#crowd.at(performance.now());
  }

  /**
   * `of(bullet)` says whether a bullet counts as shown and whether it is of this page. The page had not asked for so long,
   * in ms, before these came: on a wall that has room for them, that makes none of them too old. Undefined after an absence.
   */
  add(bullets, of, unasked) {
    const now = performance.now();
    if (unasked === undefined) this.#queue.resume(now);
    const server = this.now();
    const isQuiet = this.#queue.isEmpty && this.#level === CALM;
    for (const bullet of bullets) {
      if (!this.#hasRoom) {
        this.#queue.addUnseen(1, of(bullet).counts);
        continue;
      }
      const entry = this.#queue.add(bullet, of(bullet), now, Math.max(0, server - bullet.stored_at), isQuiet ? unasked : 0);
      if (entry && this.#layouts) this.#density.came(widthOf(lettersOn(entry)), this.#layouts, now);
    }
    this.#wake();
  }

  addUnseen(n, counts) {
    this.#queue.addUnseen(n, counts);
    this.#wake();
  }

  /** Stops or continues every bullet where it is; the queue goes on merging and folding. */
  freeze(isFrozen) {
    if (this.#isFrozen === isFrozen) return;
    if (isFrozen) {
      this.#stoodAt = this.#timeline;
      this.#crowd = new Crowd(); // while it stands, none flies
      for (const flight of this.#flights.values()) if (flight !== this.#held?.flight) flight.stand(this.#clock);
    } else {
      this.#offset += this.#timeline - this.#stoodAt;
      this.#queue.resume(performance.now());
    }
    this.#isFrozen = isFrozen;
    if (!isFrozen) for (const flight of this.#flights.values()) if (flight !== this.#held?.flight) flight.goOn(this.#offset);
    this.#wake();
  }

  /** Makes bullets invisible or visible; they fly on. What nobody sees does not count as shown. */
  hide(isHidden) {
    this.#isHidden = isHidden;
    this.sky.classList.toggle("is-empty", isHidden);
  }

  /** One bullet stands still, and the others pass behind it. Without a node it flies on. */
  hold(node) {
    if (this.#held) {
      const { flight, since } = this.#held;
      flight.node.classList.remove("held");
      flight.start += this.#clock - since;
      if (!this.#isFrozen) flight.goOn(this.#offset);
    }
    const flight = this.#flights.get(node);
    this.#held = flight && { flight, since: this.#clock };
    flight?.stand(this.#clock);
    node?.classList.add("held");
  }

  uncount() {
    this.#queue.uncount();
    for (const { entry } of this.#flights.values()) entry.counts = 0;
  }

  /** Removes all bullets, also those that wait: these were not shown and do not count. */
  clear() {
    this.#takeDown(this.#flights.values());
    this.#queue.clear();
  }

  /** They were not shown and do not count. */
  #takeDown(flights) {
    for (const flight of flights) {
      if (flight === this.#held?.flight) {
        this.calls.onDropped();
        this.#held = undefined;
      }
      this.#remove(flight);
    }
  }

  get #timeline() {
    return document.timeline.currentTime ?? 0;
  }

  /** The wall's time: it stands while the wall does. */
  get #clock() {
    return (this.#isFrozen ? this.#stoodAt : this.#timeline) - this.#offset;
  }

  #wake() {
    const isIdle = this.#isFrozen || !this.#hasRoom || (this.#queue.isEmpty && this.#flights.size === 0);
    if (isIdle) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#tick(), TICK_MS);
      this.#tick();
    }
  }

  #tick() {
    const now = performance.now();
    this.#queue.foldOld(now);
    this.#crowd.folded(this.#queue.takeCrowded(), now);
    this.#queue.mergeAcross(this.#density.update(this.#queue.wait(now), now) >= BUSY);
    const every = START_EVERY_MS[this.#level - 1];
    this.#startAt = Math.max(this.#startAt, now - MOST_STARTS * every);
    while (this.#layouts && this.#startAt <= now && this.#startNext(now)) this.#startAt += every;
    this.#count();
    this.#wake();
  }

  /** Starts the next bullet if a track will be free before the next tick; false if there is none, or no space. */
  #startNext(now) {
    if (this.#queue.isEmpty || this.#flights.size >= MOST_FLYING) return false;
    const clock = this.#clock;
    const layout = this.#layouts[this.#level - 1];
    const isInHurry = this.#level >= BUSY && !this.#density.isCrowd && this.#queue.wait(now) > PATIENCE_MS;
    let place = this.#tracks.next(layout, this.#width, clock);
    if (place.at > clock + TICK_MS && isInHurry) place = this.#tracks.next(layout, this.#width, clock, { faster: 1 });
    if (place.at > clock + TICK_MS) return false;
    const entry = this.#queue.take(now, this.#level >= BUSY);
    if (!entry) return false;
    this.#start(entry, layout, { ...place, start: Math.max(clock, place.at) });
    this.#note(entry, now);
    return true;
  }

  #start(entry, { size, gap, track }, { top, speed, start }) {
    const node = entry.node ?? this.#nodeOf(entry);
    node.style.fontSize = `${size}px`;
    node.style.top = `${top + track / 2}px`;
    node.style.left = `${this.#width}px`;
    this.sky.append(node);
    const flight = new Flight(node, entry, { left: this.#width, top, bottom: top + track, speed, gap, start }, this.#offset);
    flight.animation.onfinish = () => this.#remove(flight);
    this.#flights.set(node, flight);
    this.#tracks.add(flight);
  }

  #nodeOf(entry) {
    const node = document.createElement("div");
    dress(node, entry, this.slotOf);
    return node;
  }

  #note(entry, now) {
    if (entry.text === undefined) {
      this.calls.onShown(entry);
      if (entry.own.length > 0) this.calls.onFolded(entry.own);
    } else {
      this.#crowd.flew(now - entry.born, now);
      this.calls.onFlying(entry);
    }
  }

  #count() {
    if (this.#isHidden) return;
    const clock = this.#clock;
    for (const flight of this.#flights.values()) {
      if (flight.isCounted || flight.entry.text === undefined || flight === this.#held?.flight) continue;
      if (!flight.isWhole(clock, this.#width, this.#height)) continue;
      flight.isCounted = true;
      this.calls.onShown(flight.entry);
    }
  }

  #remove(flight) {
    flight.animation.onfinish = null;
    flight.animation.cancel();
    flight.node.remove();
    this.#flights.delete(flight.node);
    this.#tracks.remove(flight);
  }

  /**
   * Bullets under way keep their size and their place, those that are outside now go. What nobody could read yet starts
   * again: the line that tells of the first message may be what has made the wall lower.
   */
  #fit() {
    const { clientWidth, clientHeight } = this.sky;
    [this.#width, this.#height] = [clientWidth, clientHeight];
    this.#hasRoom = clientWidth > 0 && clientHeight > 0; // else the list is open, or a keyboard
    this.#layouts = this.#hasRoom ? layouts(clientWidth, clientHeight, this.unit?.()) : undefined;
    if (!this.#hasRoom) this.#queue.foldAll();
    const outside = [...this.#flights.values()].filter(({ top }) => top >= clientHeight || !this.#hasRoom);
    this.#takeDown(outside);
    const isUnread = ({ entry, isCounted }) => this.#hasRoom && !isCounted && entry.text !== undefined;
    for (const { entry, node } of outside.filter(isUnread)) this.#queue.putBack(Object.assign(entry, { node }), performance.now());
    this.#wake();
  }
}
