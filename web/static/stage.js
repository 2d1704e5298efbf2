// The projector's page: the wall, a row of numbers, and nothing to type into.

import { Page } from "./page.js";

new Page({ isStage: true }).start();
