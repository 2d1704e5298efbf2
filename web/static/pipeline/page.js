// The pipeline on the first page, the sentence in the first row of the wall, and the controls where they are allowed.

import { controls } from "./demo.js";
import { Log } from "./log.js";
import { Pipeline } from "./pipeline.js";

/** Starts the pipeline below the wall of `page`. */
export function begin(page) {
  const log = new Log(page.list);
  const pipeline = new Pipeline({
    feed: page,
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
    const { Desk, style } = await import("./desk.js");
    await style();
    desk?.remove();
    desk = new Desk(document.querySelector("main"), { demo, pipeline });
    document.body.classList.add("has-controls");
  });
  pipeline.start();
}
