// The wall: bullets fly from right to left. Our queue chooses the next one; danmu gives it a track and moves it.

import { dress } from "./bullet.js";
import { layout } from "./sizes.js";
import { Queue } from "./queue.js";

const RELEASE_EVERY_MS = 100;
const MOST_FLYING = 120;

/**
 * Shows bullets in `sky`. Calls `onShown(entry)` for each that begins to fly, `onPick(entry, node)` on a click, and
 * `onDropped()` when the held bullet is removed.
 */
export class Wall {
  #queue = new Queue();
  #launching; // the last entry that danmu got
  #isFrozen = false;
  #held; // the one bullet that stands still for its card
  #layout;
  #timer;
  #danmu;

  constructor(sky, { unit, slotOf, onShown, onPick = () => {}, onDropped = () => {} }) {
    this.sky = sky;
    this.unit = unit;
    this.slotOf = slotOf;
    this.onShown = onShown;
    this.onDropped = onDropped;
    this.#danmu = this.#engine();
    sky.addEventListener("click", (event) => {
      const bullet = event.target.closest(".bullet")?.__danmaku__;
      if (bullet?.data.first) onPick(bullet.data, bullet.node);
    });
    sky.addEventListener("transitionend", onlyFlown, true);
    new ResizeObserver(() => this.#fit()).observe(sky);
  }

  get waiting() {
    return this.#queue.messages;
  }

  /** `of(bullet)` says whether a bullet counts as shown and whether it is of this page's burst. */
  add(bullets, of) {
    for (const bullet of bullets) this.#queue.add(bullet, of(bullet));
    this.#wake();
  }

  addUnseen(n, counts) {
    this.#queue.addUnseen(n, counts);
    this.#wake();
  }

  /** Stops or continues every bullet where it is; the queue goes on merging. */
  freeze(isFrozen) {
    if (this.#isFrozen === isFrozen) return;
    this.#isFrozen = isFrozen;
    if (isFrozen) this.#danmu.freeze();
    else this.#unfreeze();
    this.#wake();
  }

  /** Makes bullets invisible or visible; they fly on. */
  hide(isHidden) {
    if (isHidden) this.#danmu.hide();
    else this.#danmu.show();
  }

  /** One bullet stands still, and the others pass behind it. Without a node it flies on. */
  hold(node) {
    this.#held?.node?.classList.remove("held");
    if (!this.#isFrozen) this.#held?.resume();
    this.#held = node?.__danmaku__;
    this.#held?.pause();
    node?.classList.add("held");
  }

  uncount() {
    this.#queue.uncount();
    if (this.#launching) this.#launching.counts = 0;
  }

  /** Removes all bullets, also those that wait: these were not shown and do not count. */
  clear() {
    this.#takeDown();
    this.#queue.clear();
  }

  #takeDown() {
    if (this.#held) this.onDropped();
    this.#held = undefined;
    this.#danmu.clear();
  }

  /** The held bullet stays where it is. */
  #unfreeze() {
    if (this.#held) this.#held.moving = false;
    this.#danmu.unfreeze();
    if (this.#held) this.#held.moving = true;
  }

  #engine() {
    const engine = globalThis.Danmu.create({
      mode: "strict",
      interval: RELEASE_EVERY_MS,
      distribution: "random",
      limits: { view: MOST_FLYING, stash: 2 },
      plugin: {
        limitWarning: () => {}, // danmu would write to the console
        $createNode: ({ data }, node) => dress(node, data, this.slotOf),
        $beforeMove: (bullet) => {
          this.onShown(bullet.data);
          timeByPixels(bullet);
        },
      },
    });
    engine.mount(this.sky);
    engine.startPlaying();
    return engine;
  }

  #wake() {
    const isIdle = this.#isFrozen || this.#queue.isEmpty;
    if (isIdle) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setInterval(() => this.#release(), RELEASE_EVERY_MS);
    }
  }

  /** danmu gets the next bullet when the last one has a track. Until then the others wait in our queue and merge. */
  #release() {
    const { stash, view } = this.#danmu.len();
    if (stash > 0 || view >= MOST_FLYING || !this.#layout) return;
    const entry = this.#queue.take(performance.now());
    if (entry) {
      this.#launching = entry;
      this.#danmu.push(entry, { speed: this.#layout.speed });
    }
    this.#wake();
  }

  /** The wall changed its size. Bullets with the old speed would overlap with the new ones. */
  #fit() {
    const { clientWidth, clientHeight } = this.sky;
    if (clientWidth === 0 || clientHeight === 0) return; // the list is open
    const before = this.#layout;
    this.#layout = layout(clientWidth, clientHeight, this.unit?.());
    const { size, speed, gap, trackHeight } = this.#layout;
    this.sky.style.setProperty("--bullet", `${size}px`);
    if (before && before.speed !== speed) this.#takeDown();
    this.#danmu.updateOptions({ gap, trackHeight });
  }
}

/**
 * The compositor may set the start of a flight a moment after the current frame, so the flight is before its start
 * again. Browsers send `transitionend` then, too (https://www.w3.org/TR/css-transitions-2/#event-dispatch). danmu would
 * remove the bullet and give its track away while it flies.
 */
function onlyFlown(event) {
  if (event.elapsedTime === 0) event.stopPropagation();
}

/**
 * danmu measures space by its own clock, which is ahead of a bullet whose first frame is late. So no bullet follows in
 * its track before it moves, and its time counts from then.
 */
async function timeByPixels({ node, track, recorder }) {
  const [flight] = node.getAnimations();
  track?.lock();
  try {
    await flight?.ready;
    recorder.startTime = flight?.startTime ?? recorder.startTime;
  } catch {
    // It was stopped before it began to move, so danmu knows its place.
  } finally {
    track?.unlock();
  }
}
