// The wall: bullets fly from right to left, each in a track of its own until there is room behind it.

import { bulletNode } from "./bullet.js";
import { Queue } from "./queue.js";
import { Tracks } from "./tracks.js";

const RELEASE_EVERY_MS = 100;
const MOST_FLYING = 120;

/** Shows bullets in `sky`; `onShown(n)` is told how many counted messages each launch stands for. */
export class Wall {
  #queue = new Queue();
  #tracks = new Tracks();
  #flights = new Set();
  #frozen = false;
  #timer;

  constructor(sky, { slotOf, onShown }) {
    this.sky = sky;
    this.slotOf = slotOf;
    this.onShown = onShown;
    new ResizeObserver(() => this.#fit()).observe(sky);
    this.#fit();
  }

  get waiting() {
    return this.#queue.messages;
  }

  add(bullets, counts) {
    for (const bullet of bullets) this.#queue.add(bullet, counts);
    this.#wake();
  }

  addUnseen(n, counts) {
    this.#queue.addUnseen(n, counts);
    this.#wake();
  }

  /** Stops or continues every bullet where it is; the queue goes on merging. */
  freeze(frozen) {
    if (this.#frozen === frozen) return; // play() would start a bullet that has just landed again
    this.#frozen = frozen;
    for (const { animation } of this.#flights) {
      if (frozen) animation.pause();
      else animation.play();
    }
    this.#wake();
  }

  uncount() {
    this.#queue.uncount();
  }

  /** Takes all bullets down, and forgets those that wait: they were not shown and do not count. */
  clear() {
    for (const flight of this.#flights) this.#end(flight);
    this.#tracks.clear();
    this.#queue.clear();
  }

  #wake() {
    const idle = this.#frozen || this.#queue.isEmpty;
    if (idle) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setInterval(() => this.#release(), RELEASE_EVERY_MS);
    }
  }

  #release() {
    const track = this.#flights.size < MOST_FLYING ? this.#tracks.free() : undefined;
    if (track === undefined) return;
    const entry = this.#queue.take(performance.now());
    if (entry) {
      this.#launch(entry, track);
      this.onShown(entry.counts);
    }
    this.#wake();
  }

  #launch(entry, track) {
    const node = bulletNode(entry, this.slotOf);
    const { width: from, speed, height } = this.#tracks;
    node.style.top = `${track * height}px`;
    node.style.lineHeight = `${height}px`;
    this.sky.append(node);
    const width = Math.ceil(node.getBoundingClientRect().width);
    const path = [`translateX(${from}px)`, `translateX(${-width}px)`];
    const animation = node.animate({ transform: path }, { duration: (from + width) / speed, fill: "both" });
    const flight = { node, track, animation, from, width, speed, ended: false };
    animation.onfinish = () => this.#end(flight);
    this.#flights.add(flight);
    this.#tracks.occupy(track, flight);
  }

  #end(flight) {
    flight.ended = true;
    flight.animation.cancel();
    flight.node.remove();
    this.#flights.delete(flight);
  }

  /** The wall changed its size: bullets stay in their tracks, and tracks that are gone take theirs along. */
  #fit() {
    this.#tracks.resize(this.sky.clientWidth, this.sky.clientHeight);
    const { count, height } = this.#tracks;
    for (const flight of this.#flights) {
      flight.node.style.top = `${flight.track * height}px`;
      flight.node.style.lineHeight = `${height}px`;
      if (flight.track >= count) this.#end(flight);
    }
  }
}
