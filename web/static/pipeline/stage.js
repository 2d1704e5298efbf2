// The stage's own parts: what stands on the empty wall, the tools, and the keys.

import { controls } from "./demo.js";
import { Keys } from "./keys.js";
import { Log } from "./log.js";
import { Pipeline } from "./pipeline.js";
import { isColdStart, isOffByHand, isQuiet, isZero } from "./state.js";
import { seconds } from "./numbers.js";
import { texts } from "./texts.js";
import { Tools } from "./tools.js";

/** What the sentence says itself. */
const SAID = new Set(["backlog", "problem processing"]);

const node = (id) => document.getElementById(id);

/** Starts the pipeline beside the wall of `page`. */
export function begin(page) {
  const panel = new Panel(node("quiet"), node("invite"));
  const log = new Log(page.list);
  const pipeline = new Pipeline({
    feed: page,
    onState: (state) => {
      panel.update(state);
      log.update(state);
      tools.update(state);
    },
    problems: () => page.banners.notices.filter(({ key }) => !SAID.has(key)),
    announce: (text) => page.announcer.say(text),
    up: () => node("sentence").offsetHeight + 4,
    isSpoken: true,
  });
  const keys = new Keys({ page, pipeline });
  const tools = new Tools(document.querySelector(".tools"), keys);
  controls((demo) => {
    keys.allow(demo);
    tools.allow();
    if (pipeline.state) tools.update(pipeline.state);
  });
  pipeline.start();
}

/** What stands on the wall while no bullet flies. */
class Panel {
  constructor(quiet, invite) {
    this.quiet = quiet;
    this.title = quiet.querySelector("h2");
    this.text = quiet.querySelector("p");
    this.usual = [this.title.textContent, this.text.textContent];
    this.lines = invite.querySelectorAll("h2 span");
    this.inviteText = invite.querySelector("p");
  }

  update(state) {
    if (isZero(state)) this.#invite(state);
    const isEmpty = document.querySelector("#sky .bullet") === null;
    const isWaking = isColdStart(state);
    const isAtRest = isQuiet(state) && state.down.length === 0; // nobody is asked to send what cannot arrive
    this.quiet.hidden = !isEmpty || !(isWaking || isAtRest);
    const { cold, coldText } = texts.invitation;
    const [title, text] = isWaking ? [cold, coldText(state.cold_start_ms && seconds(state.cold_start_ms))] : this.usual;
    this.title.textContent = title;
    this.text.textContent = text;
  }

  /** Where nobody tells how many run, it is not known that nothing does. */
  #invite(state) {
    const { zero, rest, zeroByHand } = texts.sentence;
    const { zeroText, restText, byHandText } = texts.invitation;
    const isOff = isOffByHand(state);
    const [lines, text] = isOff ? [zeroByHand, byHandText] : state.wanted === null ? [rest, restText] : [zero, zeroText];
    lines.forEach((line, i) => (this.lines[i].textContent = line));
    this.inviteText.textContent = text;
  }
}
