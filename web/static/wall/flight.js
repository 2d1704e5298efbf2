// One bullet on its way: moves its node from right to left. It may stand still meanwhile.

/** Times are of the wall's clock, which stands while the wall does; `offset` is how far the page's timeline is ahead. */
export class Flight {
  isCounted = false;

  constructor(node, entry, { left, top, bottom, speed, gap, start }, offset) {
    const width = node.offsetWidth;
    Object.assign(this, { node, entry, left, top, bottom, speed, gap, start, width });
    const way = left + width;
    const frames = [{ transform: "none" }, { transform: `translateX(${-way}px)` }];
    this.animation = node.animate(frames, { duration: way / speed, fill: "forwards" });
    this.animation.startTime = start + offset; // the first frame may be late, the way is not
  }

  /** When all of it can be read; of a text that is wider than the wall, when its first letter is at the left edge. */
  get wholeAt() {
    return this.start + Math.min(this.width, this.left) / this.speed;
  }

  stand(now) {
    this.animation.pause();
    this.animation.currentTime = Math.max(0, now - this.start);
  }

  goOn(offset) {
    this.animation.startTime = this.start + offset;
  }
}
