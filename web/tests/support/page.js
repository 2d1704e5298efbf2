// What every test gets: the page of the running stack, watched for errors, and functions to use it.

import { randomBytes } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect as playwright } from "@playwright/test";

/** Playwright polls once a second after the first moment. */
const poll = (look, options) => {
  const rest = typeof options === "string" ? { message: options } : options;
  return playwright.poll(look, { intervals: [100], ...rest });
};

/** Playwright's, but it polls ten times a second. */
export const expect = new Proxy(playwright, { get: (it, name) => (name === "poll" ? poll : it[name]) });

/**
 * `page` fails its test on any console error, exception or violation of the content security policy. A test that takes
 * a part down sets `test.use({ expectsFailedRequests: true })`.
 */
export const test = base.extend({
  expectsFailedRequests: [false, { option: true }],
  baseURL: async ({}, use) => use(process.env.BARRAGE_URL),
  page: async ({ page, expectsFailedRequests }, use) => {
    const errors = [];
    page.on("pageerror", (error) => errors.push(`exception: ${error.message}`));
    page.on("console", (line) => {
      const isExpected = expectsFailedRequests && line.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(line.type()) && !isExpected) errors.push(`console: ${line.text()}`);
    });
    await page.addInitScript(watchPage);
    await use(page);
    const found = [...errors]; // a made-up cursor that goes to the real server after this is no error of the page
    await page.unrouteAll({ behavior: "ignoreErrors" }); // a poll may be under way, which the end of the test breaks off
    expect(found).toEqual([]);
  },
});

/** Runs in the page before its own scripts: notes policy violations and every bullet that ever flew. */
function watchPage() {
  window.flown = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`);
  });
  document.addEventListener("DOMContentLoaded", () => {
    const noted = new WeakSet(); // a bullet that was held back comes a second time
    const note = (bullet) => {
      if (!bullet.matches?.(".bullet") || noted.has(bullet)) return;
      noted.add(bullet);
      const text = bullet.querySelector(".text")?.textContent;
      const n = Number(bullet.querySelector(".chip")?.textContent.slice(1) ?? 1);
      window.flown.push({ text, n });
    };
    const observer = new MutationObserver((changes) => {
      for (const change of changes) change.addedNodes.forEach(note);
    });
    observer.observe(document.getElementById("sky"), { childList: true, subtree: true });
  });
}

/**
 * From now on each reply of the feed is what `change(reply, isFirst)` makes of it; one is the first until it has a cursor.
 * The server is asked to hold none back, so that the page sees at once what has changed.
 */
export async function changeReplies(page, change) {
  await page.route("**/feed?*", async (route) => {
    const url = new URL(route.request().url());
    url.searchParams.delete("wait");
    const response = await route.fetch({ url: url.href });
    return route.fulfill({ response, json: change(await response.json(), !url.searchParams.has("after")) });
  });
}

/** Stops the page's clock, which the test has installed: from now on no time passes but what the test puts it forward by. */
export const hold = (page) =>
  expect(async () => {
    const soon = await page.evaluate(() => Date.now() + 500); // it cannot be put back
    await page.clock.pauseAt(soon);
  }).toPass();

/** Puts the page's clock forward by so many ms, again and again, until `holds(options)`, which waits for a moment only. */
export const forward = (page, ms, holds) =>
  expect(async () => {
    await page.clock.fastForward(ms);
    await holds({ timeout: 300 });
  }).toPass({ intervals: [50] });

/** Fails unless axe finds nothing at all. */
export async function expectNoFindings(page) {
  // Its preload would copy our style sheets into inline ones, which the page's own policy refuses.
  // There is no frame of another origin, so axe need not finish its run in a page of its own.
  const { violations } = await new AxeBuilder({ page }).options({ preload: false }).setLegacyMode().analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}

/** A text that no other test sends. */
export const unique = (text) => `${text} ${randomBytes(4).toString("hex")}`;

/** Fills the form. Other fields keep their values. The rate is a hidden input. */
export async function fill(page, { rate, ...values }) {
  if (rate) await page.locator("#rate").evaluate((input, value) => (input.value = value), String(rate));
  for (const [name, value] of Object.entries(values)) await page.locator(`#${name}`).fill(String(value));
}

export const sendButton = (page) => page.getByRole("button", { name: "Send" });

/** Waits for the line that says how a burst ended; returns the numbers in it. */
export async function ended(page, word, timeout = 45_000) {
  const line = page.locator("#strip-line");
  await expect(line).toContainText(`${word}: `, { timeout });
  const [, accepted, stored] = /: ([\d\u202f]+) accepted, ([\d\u202f]+) stored/.exec(
    await line.textContent(),
  );
  return { accepted: number(accepted), stored: number(stored) };
}

/** The number in one of the counters. */
export async function counter(page, name) {
  return number(await page.locator(`[data-counter=${name}]`).textContent());
}

/** How many messages with this text have flown, including merged ones. */
export function flown(page, text) {
  return page.evaluate((wanted) => {
    return window.flown.filter((bullet) => bullet.text === wanted).reduce((sum, { n }) => sum + n, 0);
  }, text);
}

/** Sends one message by the API, without the form. Without the cookie of a device it need not wait for the next. */
export async function message(request, text) {
  const answer = await request.post("/messages", { data: { message: text }, headers: { cookie: "none=1" } });
  expect(answer.status()).toBe(202);
}

const number = (text) => Number(text.replaceAll("\u202f", ""));
