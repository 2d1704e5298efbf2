// Accessibility: keyboards, screen readers, reduced motion, and every width.

import { ended, expect, expectNoFindings, fill, message, sendButton, test, unique } from "./support/page.js";

const isLive = (page) => expect(page.locator("#pill")).toHaveText("Live");

test("axe finds nothing on the idle page", async ({ page }) => {
  await page.goto("/");
  await isLive(page);
  await page.locator("#quiet").evaluate((panel) => (panel.hidden = false)); // other tests may have just sent
  await page.locator("#quiet").evaluate((panel) => Promise.all(panel.getAnimations().map((a) => a.finished)));
  await expectNoFindings(page);
});

test("axe finds nothing while a burst is under way, paused, or in the list", async ({ page }) => {
  await page.goto("/");
  await fill(page, { message: unique("axe"), concurrency: 3, duration: 120, rate: 5 });
  await sendButton(page).click();
  await expect(page.locator("#sky .bullet").first()).toBeVisible();
  await expectNoFindings(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "List" }).click();
  await expectNoFindings(page);
  await page.getByRole("button", { name: "Stop burst" }).click();
  await ended(page, "Stopped");
});

test("axe finds nothing on an invalid form", async ({ page }) => {
  await page.goto("/");
  await fill(page, { message: "", concurrency: "0", duration: "x" });
  await page.keyboard.press("Enter");
  await expect(page.locator("#strip-line")).toHaveClass(/bad/);
  await expectNoFindings(page);
});

for (const width of [320, 390, 700, 1100, 1440, 2560, 3840]) {
  test(`nothing scrolls sideways at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    await page.goto("/");
    await fill(page, { message: "W".repeat(100), concurrency: "0", duration: "0" });
    await page.keyboard.press("Enter");
    await isLive(page);
    const overflow = () => page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    expect(await overflow()).toBe(0);
    await page.getByRole("button", { name: "List" }).click();
    expect(await overflow()).toBe(0);
  });
}

for (const [width, height] of [
  [1440, 900],
  [1280, 720],
]) {
  test(`the whole page fits into ${width} by ${height}, wall and list alike`, async ({ page, request }) => {
    await page.setViewportSize({ width, height });
    for (let i = 0; i < 30; i += 1) await message(request, unique(`row ${i}`));
    await page.goto("/");
    await isLive(page);
    const overflow = () => page.evaluate(() => document.scrollingElement.scrollHeight - innerHeight);
    expect(await overflow()).toBe(0);
    await page.locator("#quiet").evaluate((panel) => (panel.hidden = false));
    expect(await overflow()).toBe(0);
    await page.getByRole("button", { name: "List" }).click();
    await expect(page.locator("#list-body tr").nth(20)).toBeAttached();
    expect(await overflow()).toBe(0);
  });
}

test("reduced motion shows a list in which nothing moves", async ({ page, request }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto("/");
  await isLive(page);
  const text = unique("standing still");
  await message(request, text);
  await expect(page.locator("#list-body tr").first()).toContainText(text);
  await expect(page.locator("#list-caption")).toContainText("Motion is reduced");
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  await page.getByRole("button", { name: "List" }).click();
  const next = unique("moving by choice");
  await message(request, next);
  await expect(page.locator("#sky .bullet", { hasText: next })).toBeVisible();
});

test("the tools are within eight presses of Tab, and say whether they are on", async ({ page }) => {
  await page.goto("/");
  await page.locator("#quiet").evaluate((panel) => (panel.hidden = false)); // it has links of its own
  const list = page.getByRole("button", { name: "List" });
  for (let presses = 0; presses < 8; presses += 1) {
    await page.keyboard.press("Tab");
    if (await list.evaluate((button) => button === document.activeElement)) break;
  }
  await expect(list).toBeFocused();
  await page.keyboard.press("Space");
  await expect(list).toHaveAttribute("aria-pressed", "true");
});
