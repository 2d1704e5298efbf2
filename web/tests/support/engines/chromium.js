// Chromium, as in all other tests.

import { existsSync } from "node:fs";
import { chromium as browserType } from "@playwright/test";
import { chromium } from "../chromium.js";

export const packages = "chromium";

export const isInstalled = () => existsSync(chromium.executablePath);

export async function launch() {
  const browser = await browserType.launch(chromium);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  return {
    open: (url) => page.goto(url),
    // Playwright passes one value to a function.
    run: (f, ...values) => page.evaluate(`(${f}).apply(null, ${JSON.stringify(values)})`),
    close: () => browser.close(),
  };
}
