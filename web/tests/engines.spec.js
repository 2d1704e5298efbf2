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

    test("a guest's message is found again on the wall, and the page fits its window", async () => {
      await open("/join");
      const text = unique(`a guest of ${name}`);
      await browser.run(sendAsGuest, text);
      await expect.poll(() => browser.run(stateOfOwn, text)).toMatch(/^(On the wall now|Was on the wall after)/);
      const hasRoom = await browser.run(() => innerHeight >= 700); // else there is no wall
      if (hasRoom) await expect.poll(() => browser.run(() => document.querySelectorAll("#sky .bullet.mine").length)).toBe(1);
      expect(await browser.run(() => document.getElementById("message").value)).toBe("");
      expect(await browser.run(() => document.scrollingElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0);
      expect(await browser.run(bottomOfButton)).toBeLessThanOrEqual(0);
    });

    test("a guest's form survives a login page in between", async () => {
      await open("/join");
      const text = unique(`behind a portal of ${name}`);
      await browser.run(interceptOnce);
      await browser.run(sendAsGuest, text);
      await expect.poll(() => browser.run(() => document.getElementById("note").textContent)).toMatch(/^This network answers/);
      await expect.poll(() => browser.run(stateOfOwn, text)).toMatch(/^(On the wall now|Was on the wall after)/);
      expect(await browser.run(() => window.posts)).toBe(2);
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

function sendAsGuest(text) {
  const field = document.getElementById("message");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.form.requestSubmit();
}

/** What the page says of one's own message. */
function stateOfOwn(text) {
  const row = [...document.querySelectorAll("#own li")].find((it) => it.textContent.includes(text));
  return row?.querySelector("p").textContent;
}

/** How far the button is below the window. */
const bottomOfButton = () => document.getElementById("go").getBoundingClientRect().bottom - innerHeight;

/** The network answers the next request to send with a page of its own. */
function interceptOnce() {
  const real = window.fetch;
  window.posts = 0;
  window.fetch = async (path, options) => {
    if (options?.method !== "POST") return real(path, options);
    window.posts += 1;
    if (window.posts > 1) return real(path, options);
    return new Response("<html>Please log in</html>", { headers: { "content-type": "text/html" } });
  };
}

/** Counts the bullets with this text that fly. */
function watch(text) {
  const bullets = new Set(); // one that the wall lost by becoming lower starts again
  window.flown = 0;
  const isOurs = (node) => node.querySelector?.(".text")?.textContent === text;
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of [...addedNodes].filter(isOurs)) window.flown = bullets.add(node).size;
  }).observe(document.getElementById("sky"), { childList: true, subtree: true });
}
