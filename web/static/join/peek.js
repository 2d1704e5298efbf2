// What flies now, on a small wall. It is loaded only where there is room for it, and the form does not need it.

import { Wall } from "../wall/wall.js";

/**
 * Shows the bullets of the feed in `sky`. `own` are one's messages, which fly framed; `onFolded(entry)` tells of one that
 * the wall had no room for.
 */
export class Peek {
  #wall;

  constructor(sky, { own, now, slotOf, onFolded }) {
    this.own = own;
    this.#wall = new Wall(sky, {
      now,
      slotOf,
      onFolded: (bullets) => bullets.map((bullet) => own.find(bullet)).forEach((entry) => entry && onFolded(entry)),
    });
  }

  add(bullets, unseen, unasked) {
    this.#wall.add(bullets, (bullet) => ({ counts: false, isMine: this.own.find(bullet) !== undefined }), unasked);
    if (unseen > 0) this.#wall.addUnseen(unseen, false);
  }

  /** While nobody looks, it stands still. */
  setVisible(isVisible) {
    this.#wall.freeze(!isVisible);
  }
}
