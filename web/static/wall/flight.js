// One bullet on its way: moves its node from right to left. It may stand still meanwhile.

/** One that is nearly as wide as the wall is whole for a moment, and frames may be late. */
const LATE_MS = 250;
/** A wall that becomes lower by so many px, as when its legend comes, hides no part of a text. */
const HIDDEN_PX = 2;

/** Times are of the wall's clock, which stands while the wall does; `offset` is how far the page's timeline is ahead. */
export class Flight {
  isCounted = false;

  constructor(node, entry, { left, top, bottom, speed, gap, start }, offset) {
    const width = node.offsetWidth;
    const lowest = (top + bottom + node.offsetHeight) / 2; // it stands in the middle of its track
    Object.assign(this, { node, entry, left, top, bottom, lowest, speed, gap, start, width });
    const way = left + width;
    const frames = [{ transform: "none" }, { transform: `translateX(${-way}px)` }];
    this.animation = node.animate(frames, { duration: way / speed, fill: "forwards" });
    this.animation.startTime = start + offset; // the first frame may be late, the way is not
  }

  /**
   * Whether all of it can be read on a wall of this size; of a text that is wider than the wall, from when its first letter
   * is at the left edge until its last one has come in.
   */
  isWhole(now, width, height) {
    const way = (now - this.start) * this.speed;
    const [first, last] = [this.left + this.width - width, this.left];
    const late = LATE_MS * this.speed;
    return this.lowest <= height + HIDDEN_PX && way >= Math.min(first, last) && way <= Math.max(first, last) + late;
  }

  stand(now) {
    this.animation.pause();
    this.animation.currentTime = Math.max(0, now - this.start);
  }

  goOn(offset) {
    this.animation.startTime = this.start + offset;
  }
}
