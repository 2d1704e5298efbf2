// The pipeline of a page: asks for its state, and gives it to the nodes, the time line and the sentence.

import { onPresence } from "../feed/presence.js";
import { clock } from "../text.js";
import { Caption } from "./caption.js";
import { Nodes } from "./nodes.js";
import { Poll } from "./poll.js";
import { Says } from "./says.js";
import { complete, Expected, screenOf, withProblems } from "./state.js";
import { Timeline } from "./timeline.js";

const FAILURES_BEFORE_OFFLINE = 2;

/**
 * Draws into the parts of the page with the ids `sentence`, `pipe` and `time`. `onState(state)` gets each state,
 * `feed` is the page, which knows what the feed says is down, `problems()` what it tells people of problems,
 * `announce(text)` speaks, `up()` is how far above the wall is, `own()` the message of this page that is under way. The
 * caption of a tour comes first in the part with the id `wall`, as a live region where that `isSpoken`.
 */
export class Pipeline {
  #told;
  #isOffline = false;
  #state;
  #expected = new Expected();
  #fixed;
  #answeredAt = new Date();

  constructor({ feed, onState = () => {}, problems, announce, up, own, isSpoken = false }) {
    const node = (id) => document.getElementById(id);
    this.feed = feed;
    this.onState = onState;
    this.nodes = new Nodes(node("pipe"), { up, own });
    this.caption = new Caption(node("wall"), { isSpoken });
    this.timeline = new Timeline(node("time"));
    this.says = new Says(node("sentence"), { problems, announce });
    this.poll = new Poll({ onState: (state) => this.#take(state), onFailure: (failures) => this.#fail(failures) });
  }

  /** The last state, undefined before the first. */
  get state() {
    return this.#state;
  }

  /** As many run as the launcher was told, where that once was so; undefined elsewhere. */
  get fixed() {
    return this.#fixed;
  }

  /** What a control has asked for, until an answer tells it. Nothing is expected when the control has failed. */
  expect(change) {
    const now = performance.now();
    this.#expected.set(change, now);
    if (!this.#state || !change) return;
    this.#state = this.#expected.in(this.#state, now);
    this.caption.update(this.#state.tour);
    this.onState(this.#state);
  }

  /** Asks while the page is visible. */
  start() {
    const look = (isVisible) => (isVisible ? this.poll.start() : this.poll.stop());
    onPresence(look);
    look(document.visibilityState === "visible");
    this.feed.onProblems = () => queueMicrotask(() => this.#draw()); // an error here is none of the feed
  }

  #take(json) {
    this.#answeredAt = new Date();
    this.#isOffline = false;
    const told = complete(json, this.#told);
    if (!told) return;
    if (told.mode === "fixed") this.#fixed = told.wanted ?? told.ready;
    this.#told = told;
    this.#draw();
  }

  #draw() {
    if (!this.#told || this.#isOffline) return;
    const told = withProblems(this.#told, this.feed.problems, this.feed.now);
    const state = this.#expected.in(told, performance.now());
    this.#state = state;
    document.body.dataset.screen = screenOf(state);
    this.caption.update(state.tour);
    this.onState(state);
    this.nodes.update(state, false);
    this.timeline.update(state, performance.now());
    this.says.state({ ...state, crowd: this.feed.wall.crowd });
  }

  /** One answer may get lost. */
  #fail(failures) {
    if (failures < FAILURES_BEFORE_OFFLINE) return;
    this.#isOffline = true;
    this.caption.update(null); // nobody knows where the tour is
    if (this.#state) this.nodes.update(this.#state, true);
    this.says.offline(clock(this.#answeredAt));
  }
}
