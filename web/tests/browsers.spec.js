// Browsers that lack something: the oldest that the README names, and still older ones.

import { ended, expect, fill, flown, sendButton, test, unique } from "./support/page.js";

/** Each runs in the page before its scripts. */
const LACKS = {
  "AbortSignal.any and AbortSignal.timeout, as Safari 15": () => {
    delete AbortSignal.any;
    delete AbortSignal.timeout;
  },
  "Intl.Segmenter, as Firefox 115": () => delete Intl.Segmenter,
  'a language, as WebKitGTK with the locale "C"': () => {
    Object.defineProperty(Navigator.prototype, "language", { get: () => "C" });
    Object.defineProperty(Navigator.prototype, "languages", { get: () => ["C"] });
  },
};

for (const [name, lack] of Object.entries(LACKS)) {
  test(`a browser without ${name} has the whole page`, async ({ page }) => {
    await page.addInitScript(lack);
    await page.goto("/");
    await expect(page.locator("#pill")).toHaveText("Live");
    const text = unique("👩‍👩‍👧‍👦 any browser");
    await fill(page, { message: text, concurrency: 1, duration: 2, rate: 2 });
    await sendButton(page).click();
    await ended(page, "Done");
    await expect.poll(() => flown(page, text)).toBe(4);
    await expect(page.locator(".chart .line-out")).toBeVisible();
  });
}

for (const [path, note] of [
  ["/", "This browser is too old for the moving wall"],
  ["/?lang=zh", "浏览器版本过旧"],
  ["/stage", "This browser is too old for the moving wall"],
  ["/join", "This browser is too old for the moving wall"],
]) {
  test(`a browser that is too old gets ${path} without a script, and is told why`, async ({ browser }) => {
    const page = await browser.newPage({ baseURL: process.env.BARRAGE_URL, locale: "en" });
    await page.addInitScript(() => delete Array.prototype.findLast);
    await page.goto(path);
    await expect(page.locator(".old-browser")).toContainText(note);
    await expect(page.locator(".old-browser")).toBeVisible();
    await expect(page.locator("#pill")).toBeHidden();
    if (path === "/") await sendWithoutScript(page);
    await page.close();
  });
}

async function sendWithoutScript(page) {
  const text = unique("old but here");
  await fill(page, { message: text, concurrency: 1, duration: 1 });
  await page.keyboard.press("Enter");
  await expect(page.locator("#strip-line")).toContainText("The burst has begun.");
  await expect(async () => {
    await page.goto("/");
    await expect(page.getByRole("cell", { name: text }).first()).toBeVisible({ timeout: 500 });
  }).toPass();
}

test("other browsers are not told that they are too old", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator(".old-browser")).toBeHidden();
});

test("forced colours leave each processor its shape", async ({ page }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live");
  await fill(page, { message: unique("shapes"), concurrency: 1, duration: 1, rate: 1 });
  await sendButton(page).click();
  await expect(page.locator("#legend .shape").first()).toBeVisible();
  const colours = await page.evaluate(() => {
    const of = (node) => getComputedStyle(node).backgroundColor;
    return [of(document.querySelector("#legend .shape:not(.slot-8)")), of(document.body)];
  });
  expect(colours[0]).not.toBe(colours[1]);
});
