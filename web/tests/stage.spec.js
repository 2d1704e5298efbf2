// The projector's page, and both pages in both languages.

import { expect, expectNoFindings, fill, flown, message, sendButton, test, unique } from "./support/page.js";

const isLive = (page) => expect(page.locator("#pill[data-state=live]")).toBeAttached();

for (const [width, height] of [
  [1024, 768],
  [1920, 1080],
  [3840, 2160],
]) {
  test(`the stage fills ${width} by ${height}, with bullets to be read from the back row`, async ({
    page,
    request,
  }) => {
    await page.setViewportSize({ width, height });
    await page.goto("/stage");
    await isLive(page);
    const text = unique("from the back row");
    await message(request, text);
    const bullet = page.locator("#sky .bullet", { hasText: text });
    await expect(bullet).toBeVisible();
    const size = await bullet.evaluate((node) => parseFloat(getComputedStyle(node).fontSize));
    expect(size).toBeCloseTo((4.1 * height) / 108, 0);
    const overflow = () =>
      page.evaluate(() => [
        document.scrollingElement.scrollWidth - innerWidth,
        document.scrollingElement.scrollHeight - innerHeight,
      ]);
    expect(await overflow()).toEqual([0, 0]);
    await expectNoFindings(page);
  });
}

test("on a machine of its own the stage says how to open it to the room, instead of a code that leads nowhere", async ({
  page,
}) => {
  await page.goto("/stage");
  await isLive(page);
  await page.keyboard.press("q");
  await expect(page.locator("#code")).toContainText("cargo demo -- --host 0.0.0.0");
  await expect(page.getByRole("img", { name: /QR/ })).toHaveCount(0);
});

test("the stage pauses and hides, and counts what it shows", async ({ page, request }) => {
  await page.goto("/stage");
  await isLive(page);
  const text = unique("counted on stage");
  await message(request, text);
  await expect.poll(() => flown(page, text)).toBe(1);
  await expect.poll(() => page.locator("[data-counter=shown]").textContent()).toBe("1");
  await page.mouse.move(300, 300); // the tools come with the mouse
  await page.getByRole("button", { name: "Pause" }).click();
  await message(request, unique("waits"));
  await expect(page.locator("#wall-note")).toHaveText("Paused, 1 message waits here.");
  await page.mouse.move(310, 310);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.poll(() => page.locator("[data-counter=shown]").textContent()).toBe("2");
});

test("the stage with reduced motion is a list in which nothing moves", async ({ page, request }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto("/stage");
  await isLive(page);
  const text = unique("still on stage");
  await message(request, text);
  await expect(page.locator("#list-body tr").first()).toContainText(text);
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});

test("the page speaks Chinese from the form to the end of a burst", async ({ page }) => {
  await page.goto("/?lang=zh");
  await expect(page.locator("html")).toHaveAttribute("lang", /^zh/);
  await expect(page.locator("#pill")).toHaveText("在线");
  await fill(page, { message: "", concurrency: "250" });
  await page.keyboard.press("Enter");
  await expect(page.locator("#message-error")).toHaveText("请输入 1 到 100 个字符。");
  await expect(page.locator("#concurrency-error")).toHaveText("请填 1 到 100 的整数。");
  await expect(page.locator("#strip-line")).toContainText("尚未发送");
  await fill(page, { message: unique("大家好"), concurrency: 2, duration: 2, rate: 5 });
  await page.getByRole("button", { name: "发送" }).click();
  await expect(page.locator("#strip-line")).toContainText("完成：已接收 20 条，已存储 20 条");
  const texts = await page.locator(".links a:first-child, .tools, .send, .counters").allInnerTexts();
  expect(texts.join(" ").match(/[A-Za-z]{3,}/g) ?? []).toEqual([]);
  await expectNoFindings(page);
});

test("the language follows the browser, and the link changes it", async ({ browser }) => {
  const context = await browser.newContext({ locale: "zh-CN", baseURL: process.env.BARRAGE_URL });
  const page = await context.newPage();
  await page.goto("/stage");
  await expect(page.getByRole("button", { name: "暂停" })).toBeVisible();
  await page.goto("/");
  await page.getByRole("link", { name: "English" }).click();
  await expect(sendButton(page)).toBeVisible();
  await context.close();
});

test("how it works is told in a dialog that the keyboard opens and closes", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "How it works" }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "How it works" });
  await expect(dialog).toBeVisible();
  await expectNoFindings(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});
