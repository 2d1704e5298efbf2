// Takes web/pictures/page.png: the page at 1440 by 900 in the middle of a burst.
// `npm run picture` starts a stack of its own; `npm run picture -- http://127.0.0.1:8080` uses one that runs.

import { chromium as browserType } from "@playwright/test";
import { chromium } from "./tests/support/chromium.js";
import { startStack } from "./tests/support/stack.js";

const TEXTS = [
  "first!",
  "Kafka holds the line",
  "弹幕来了",
  "does it scale to zero?",
  "one more pod please",
  "cold start in 1.8 s",
  "你好，世界",
  "watch the counters",
  "exactly once?",
  "greetings from the back row",
  "自动扩容真快",
  "Rust goes brrr",
  "wave if you see this 👋",
];

const given = process.argv[2];
const stack = given ? { url: given, stop: async () => {} } : await startStack("--processors", "4");
try {
  const browser = await browserType.launch(chromium);
  try {
    await take(await browser.newPage({ viewport: { width: 1440, height: 900 } }), stack.url);
  } finally {
    await browser.close();
  }
} finally {
  await stack.stop();
}

async function take(page, url) {
  await page.goto(url);
  const send = (message) =>
    page.request.post(`${url}/bursts`, { data: { message, concurrency: 1, duration: 14, rate: 1 } });
  await Promise.all(TEXTS.map(send));
  await page.locator("#concurrency").fill("20");
  await page.locator("#duration").fill("20");
  await page.getByRole("button", { name: "Send" }).click();
  // The first bullet has crossed the wall when it leaves the page: then the wall is full.
  const first = await page.waitForSelector("#sky .bullet");
  await first.waitForElementState("hidden");
  await page.screenshot({ path: "pictures/page.png" });
}
