// How the browser tests run: Debian's Chromium, one worker, no retries (a flaky test is a bug), one real stack.

import { defineConfig } from "@playwright/test";
import { chromium } from "./tests/support/chromium.js";

export default defineConfig({
  testDir: "tests",
  globalSetup: "./tests/support/setup.js",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    viewport: { width: 1440, height: 900 },
    launchOptions: chromium,
    screenshot: "only-on-failure",
  },
});
