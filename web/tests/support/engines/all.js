// The engines in which the main flows run. In CI all of them must be there.

import * as chromium from "./chromium.js";
import * as firefox from "./firefox.js";
import * as webkit from "./webkit.js";

const all = Object.entries({ chromium, firefox, webkit });
const isTried = ([, { isInstalled }]) => process.env.CI || isInstalled();

/** Pairs of name and engine. */
export const engines = all.filter(isTried);

export function nameWhatIsLeftOut() {
  for (const [name, { packages }] of all.filter((engine) => !isTried(engine))) {
    console.warn(`${name} is left out; on Debian: apt-get install -y ${packages}`);
  }
}
