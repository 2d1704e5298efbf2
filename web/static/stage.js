// The projector's page: the wall and a row of numbers, without a form.

import { Page } from "./page.js";
import { Quiet } from "./wall/quiet.js";

if (document.documentElement.classList.contains("old")) throw new Error("too old a browser: see old.js");

const quiet = new Quiet(document.getElementById("quiet"));

new Page({ isStage: true, onReply: (_, __, came) => came > 0 && quiet.end() }).start();
