// The card of a bullet: its content, its place, and how keyboards reach it.

import { expect, expectNoFindings, fill, message, sendButton, test, unique } from "./support/page.js";

/** A page in the middle of a burst, with several bullets in flight. */
async function sending(page, text) {
  await page.goto("/");
  await fill(page, { message: text, concurrency: 4, duration: 8, rate: 4 });
  await sendButton(page).click();
}

/** Clicks a bullet with this text as soon as one is fully inside the wall. */
async function pick(page, text) {
  const press = (wanted) => {
    const isInside = ({ left, right }) => left > 40 && right < innerWidth - 40;
    const bullets = [...document.querySelectorAll("#sky .bullet")];
    const ours = bullets.filter((node) => node.textContent.includes(wanted));
    const bullet = ours.find((node) => isInside(node.getBoundingClientRect()));
    bullet?.click();
    return bullet !== undefined;
  };
  await expect.poll(() => page.evaluate(press, text)).toBe(true);
}

const box = (locator) => locator.evaluate((node) => node.getBoundingClientRect().toJSON());

test("a bullet that is pressed stands still, and its card tells the times of its way", async ({
  page,
  request,
}) => {
  const text = unique("pressed");
  await sending(page, text);
  await pick(page, text);
  const card = page.getByRole("dialog", { name: text });
  await expect(card).toBeVisible();
  await expect(card.locator("[data-fact=processor]")).toHaveText(/message-processor/);
  await expect(card.locator("[data-fact=id]")).toHaveText(/^[0-9a-f-]{36}$/);
  await expect(card.locator(".card-way li")).toHaveText([
    /In Kafka/,
    /At the processor/,
    /Stored/,
    /Shown here/,
  ]);
  const parts = await card.locator(".card-way b").allTextContents();
  const total = await card.locator("[data-fact=total]").textContent();
  const milliseconds = (line) => Number(line.replaceAll(/[^\d]/g, ""));
  expect(parts.reduce((sum, part) => sum + milliseconds(part), 0)).toBe(milliseconds(total));
  await expect(card.getByRole("link", { name: "Open trace" })).toBeHidden(); // no TRACE_UI is set
  await expectNoFindings(page);

  const held = page.locator(".bullet.held");
  const before = await box(held);
  const flew = await page.evaluate(() => window.flown.length);
  for (let i = 0; i < 4; i += 1) await message(request, unique(`flies by ${i}`));
  await expect.poll(() => page.evaluate(() => window.flown.length)).toBeGreaterThan(flew + 3);
  expect(await box(held)).toEqual(before);
  const [a, b] = [await box(card), await box(held)];
  expect(a.top >= b.bottom || a.bottom <= b.top || a.left >= b.right || a.right <= b.left).toBe(true);

  await page.keyboard.press("Escape");
  await expect(card).toBeHidden();
  await expect(held).toHaveCount(0);
});

test("a bullet that is pressed again stands still under its card, until that is closed", async ({ page, request }) => {
  const text = unique("pressed twice");
  await sending(page, text);
  await pick(page, text);
  const held = page.locator(".bullet.held");
  const bullet = await held.elementHandle();
  const way = () => bullet.evaluate((node) => new DOMMatrix(getComputedStyle(node).transform).m41); // the controls move the wall
  await expect(page.locator("#card")).toBeVisible();
  const before = await way();
  await held.dblclick();
  const flew = await page.evaluate(() => window.flown.length);
  for (let i = 0; i < 4; i += 1) await message(request, unique(`flies by ${i}`));
  await expect.poll(() => page.evaluate(() => window.flown.length)).toBeGreaterThan(flew + 3);
  await expect(page.locator("#card")).toBeVisible();
  expect(await way()).toBe(before);
  await page.keyboard.press("Escape");
  await expect.poll(way).toBeLessThan(before);
});

test("a press beside the card closes it, and its bullet flies on", async ({ page }) => {
  const text = unique("flies on");
  await sending(page, text);
  await pick(page, text);
  const held = await page.locator(".bullet.held").elementHandle();
  const left = () => held.evaluate((node) => node.getBoundingClientRect().left);
  const before = await left();
  await page.locator("#message").click();
  await expect(page.locator("#card")).toBeHidden();
  await expect.poll(left).toBeLessThan(before);
});

test("every message of the list opens its card by keyboard, and the focus comes back", async ({
  page,
  request,
}) => {
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live");
  await page.getByRole("button", { name: "List" }).click();
  const text = unique("by keyboard");
  await message(request, text);
  const button = page.getByRole("button", { name: text });
  await button.press("Enter");
  await expect(page.getByRole("dialog", { name: text })).toBeVisible();
  await expect(page.getByRole("button", { name: "Close" })).toBeFocused();
  for (let i = 0; i < 5; i += 1) await message(request, unique(`later ${i}`)); // rows come in above
  await expect(page.locator("#list-body")).toContainText("later 4");
  await page.keyboard.press("Enter");
  await expect(page.locator("#card")).toBeHidden();
  await expect(button).toBeFocused();
});

test("on a phone the card is a sheet at the bottom", async ({ page, request }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/");
  await page.getByRole("button", { name: "List" }).click();
  const isQuiet = async () => (await (await request.get("/pipeline")).json()).in === 0;
  await expect.poll(isQuiet, { timeout: 20_000 }).toBe(true); // rows of the tests before would push ours down
  const text = unique("sheet");
  await message(request, text);
  const row = page.getByRole("button", { name: text });
  await row.evaluate((node) => node.scrollIntoView({ block: "start" })); // of a row below the middle, the sheet is at the top
  await row.click();
  const { bottom, left, width } = await box(page.locator("#card"));
  expect([bottom, left, width]).toEqual([836, 8, 374]);
});
