// The pipeline on the first page, the sentence in the first row of the wall, and the controls where they are allowed.

import { controls } from "./demo.js";
import { Log } from "./log.js";
import { Pipeline } from "./pipeline.js";
import { style } from "../style.js";

/** Starts the pipeline below the wall of `page`. `own()` is the message that this page has sent last, if it is under way. */
export function begin(page, { own }) {
  const log = new Log(page.list);
  const pipeline = new Pipeline({
    feed: page,
    own,
    announce: (text) => page.announcer.say(text),
    onState: (state) => {
      const down = new Set(state.down.map(({ part }) => `problem ${part}`));
      page.banners.leaveOut((key) => key === "backlog" || key === "problem processing" || down.has(key));
      log.update(state);
      desk?.update(state);
    },
  });
  let desk;
  controls(async (demo) => {
    const { Desk } = await import("./desk.js");
    await style("desk.css");
    desk?.remove();
    desk = new Desk(document.querySelector("main"), { demo, pipeline });
    document.body.classList.add("has-controls");
  });
  pipeline.start();
}
