// A burst from the press of Send to its last bullet.

import { counter, ended, expect, fill, flown, sendButton, test, unique } from "./support/page.js";

test("the default burst, sent by mouse, is 500 messages and ends with Done", async ({ page }) => {
  await page.goto("/");
  const text = unique("by mouse");
  await fill(page, { message: text });
  await expect(page.locator("#strip-line")).toHaveText(/10 parallel senders .* 500 messages\./);
  await sendButton(page).click();
  await expect(page.getByRole("button", { name: "Sending" })).toHaveAttribute("aria-disabled", "true");
  await expect(page.locator("#sky .bullet", { hasText: text }).first()).toBeVisible();
  expect(await ended(page, "Done")).toEqual({ accepted: 500, stored: 500 });
});

test("a burst sent with Enter shows every message, and the numbers agree", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live"); // the counters count from the first reply
  const text = unique("by Enter");
  await fill(page, { message: text, concurrency: 5, duration: 2, rate: 10 });
  await page.keyboard.press("Enter");
  const { accepted, stored } = await ended(page, "Done"); // a busy machine may send fewer than 100
  expect(accepted).toBeGreaterThan(0);
  expect(stored).toBe(accepted);
  await expect.poll(() => flown(page, text)).toBe(accepted);
  for (const name of ["accepted", "stored", "shown"]) {
    await expect.poll(() => counter(page, name), name).toBe(accepted);
  }
  await expect.poll(() => counter(page, "waiting")).toBe(0);
});

test("Stop ends a burst early, and what was accepted still arrives", async ({ page }) => {
  await page.goto("/");
  const text = unique("stopped");
  await fill(page, { message: text, concurrency: 4, duration: 60, rate: 5 });
  await sendButton(page).click();
  await expect
    .poll(async () => Number(await page.locator("[data-burst=accepted]").textContent()))
    .toBeGreaterThan(20);
  await page.getByRole("button", { name: "Stop burst" }).press("Enter");
  const { accepted, stored } = await ended(page, "Stopped");
  expect(stored).toBe(accepted);
  expect(accepted).toBeLessThan(1200);
  await expect(sendButton(page)).toBeFocused();
  await expect.poll(() => flown(page, text)).toBe(accepted);
});

test("a reload in the middle of a burst finds the burst again", async ({ page }) => {
  await page.goto("/");
  await fill(page, { message: unique("reloaded"), concurrency: 2, duration: 6, rate: 5 });
  await sendButton(page).click();
  await expect(page.locator("#strip-burst")).toBeVisible();
  await page.reload();
  await expect(page.locator("#strip-burst")).toBeVisible();
  const { accepted, stored } = await ended(page, "Done");
  expect(accepted).toBeGreaterThan(0);
  expect(stored).toBe(accepted);
});

test("Pause holds every bullet and lets the numbers go on", async ({ page }) => {
  await page.goto("/");
  await fill(page, { message: unique("paused"), concurrency: 5, duration: 8, rate: 10 });
  await sendButton(page).click();
  await expect(page.locator("#sky .bullet").first()).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  const places = () =>
    page.locator("#sky .bullet").evaluateAll((all) => all.map((b) => b.getBoundingClientRect().x));
  const held = await places();
  const before = await counter(page, "stored");
  await expect.poll(() => counter(page, "stored")).toBeGreaterThan(before + 50);
  expect(await places()).toEqual(held);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.poll(places).not.toEqual(held);
});

test("bullets of one track never run into each other", async ({ page }) => {
  await page.goto("/");
  await fill(page, {
    message: unique("a rather long text that needs its room"),
    concurrency: 20,
    duration: 6,
    rate: 20,
  });
  await sendButton(page).click();
  await page.evaluate(() => {
    window.hits = 0;
    const look = () => {
      const boxes = [...document.querySelectorAll("#sky .bullet")].map((b) => b.getBoundingClientRect());
      for (const a of boxes) {
        window.hits += boxes.filter(
          (b) => b !== a && b.top === a.top && b.left >= a.left && b.left < a.right,
        ).length;
      }
      requestAnimationFrame(look);
    };
    look();
  });
  await ended(page, "Done");
  expect(await page.evaluate(() => window.hits)).toBe(0);
  expect(await page.evaluate(() => window.flown.length)).toBeGreaterThan(10);
});
