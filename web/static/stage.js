// The projector's page: the wall, the sentence, the pipeline and its time line, without a form. Keys change it.

import { painted } from "./feed/presence.js";
import { Page } from "./page.js";

if (document.documentElement.classList.contains("old")) throw new Error("too old a browser: see old.js");

const UNITS = 108;
/** So narrow a screen, or a higher than wide one, has units of its width: see stage.css. */
const unit = () => parseFloat(getComputedStyle(document.getElementById("pipe")).fontSize) / 2.7 || innerHeight / UNITS;

const page = new Page({ unit });
page.start();

await painted();
const pipeline = await import("./pipeline/stage.js").catch((error) => page.reload(error));
pipeline?.begin(page);
