// The main flows in three engines: the page opens and is live, Send gives bullets, the list, the time line, the stage.
// Each engine has `open(url)`, `run(function, ...values)` in the page, and `close()`.

import { expect, test } from "@playwright/test";
import { engines } from "./support/engines/all.js";
import { unique } from "./support/page.js";

for (const [name, engine] of engines) {
  test.describe(`in ${name}`, () => {
    let browser;
    test.beforeAll(async () => (browser = await engine.launch()));
    test.afterAll(() => browser?.close());

    const open = async (path) => {
      await browser.open(process.env.BARRAGE_URL + path);
      await expect.poll(() => browser.run(state)).toBe("live");
    };

    test("the page opens and is live", async () => {
      await open("/");
      expect(await browser.run(() => document.querySelectorAll(".banner").length)).toBe(0);
    });

    test("Send gives bullets, and the burst ends with Done", async () => {
      await open("/");
      const text = unique(`from ${name}`);
      await browser.run(watch, text);
      await browser.run(send, { message: text, concurrency: 2, duration: 2, rate: 5 });
      await expect.poll(() => browser.run(() => window.flown)).toBeGreaterThan(0);
      await expect.poll(() => browser.run(line)).toMatch(/^Done: \d+ accepted, \d+ stored/);
      await expect.poll(() => browser.run(() => document.querySelectorAll(".chart .line-out").length)).toBe(1);
    });

    test("the list shows the newest message", async () => {
      await open("/");
      await browser.run(() => document.querySelector("[data-tool=list]").click());
      const text = unique(`listed in ${name}`);
      await browser.run(send, { message: text, concurrency: 1, duration: 1, rate: 1 });
      await expect.poll(() => browser.run(() => document.querySelector("#list-body tr")?.textContent)).toContain(text);
    });

    test("the stage shows what others send", async ({ request }) => {
      await open("/stage");
      const text = unique(`staged in ${name}`);
      await browser.run(watch, text);
      await request.post(`${process.env.BARRAGE_URL}/messages`, { data: { message: text } });
      await expect.poll(() => browser.run(() => window.flown)).toBe(1);
    });
  });
}

// These run in the page.

const state = () => document.getElementById("pill").dataset.state;

const line = () => document.getElementById("strip-line").textContent;

function send(values) {
  for (const [name, value] of Object.entries(values)) document.getElementById(name).value = String(value);
  document.querySelector("[type=submit]").click();
}

/** Counts the bullets with this text that fly. */
function watch(text) {
  window.flown = 0;
  const isOurs = (node) => node.querySelector?.(".text")?.textContent === text;
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) window.flown += [...addedNodes].filter(isOurs).length;
  }).observe(document.getElementById("sky"), { childList: true, subtree: true });
}
