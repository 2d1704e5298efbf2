// What a restart of the homepage, a reload and an opened page leave on the screen: no number jumps, nothing flies twice.

import { changeReplies, counter, ended, expect, fill, flown, message, sendButton, test, unique } from "./support/page.js";
import { pidOf } from "./support/stack.js";

const data = () => process.env.BARRAGE_DATA;
const counters = async (page) => ({
  accepted: await counter(page, "accepted"),
  stored: await counter(page, "stored"),
  shown: await counter(page, "shown"),
});

/** Kills the homepage, and waits until the launcher's next one answers with its numbers. */
async function restartHomepage(request) {
  const killed = pidOf(data(), "homepage");
  process.kill(killed, "SIGKILL");
  const isBack = async () => {
    if (pidOf(data(), "homepage") === killed) return false;
    const answer = await request.get("/feed?limit=1").catch(() => undefined);
    return answer?.ok() === true && (await answer.json()).totals.since !== null;
  };
  await expect.poll(isBack, { timeout: 20_000 }).toBe(true);
}

/** Sends so many messages from the page, and waits until all have flown. */
async function sendAndSee(page, text) {
  await fill(page, { message: text, concurrency: 4, duration: 2, rate: 10 });
  await sendButton(page).click();
  const { accepted } = await ended(page, "Done");
  await expect.poll(() => flown(page, text)).toBe(accepted);
  const isAllShown = async () => {
    const { accepted: all, stored, shown } = await counters(page);
    return stored === all && shown === all;
  };
  await expect.poll(isAllShown).toBe(true);
  return accepted;
}

test.describe("a homepage that is killed while nothing is sent", () => {
  test.use({ expectsFailedRequests: true });

  test("changes no number of the page, and no bullet flies again", async ({ page, request }) => {
    await page.goto("/");
    await expect(page.locator("#pill")).toHaveText("Live");
    const text = unique("from before the restart");
    const sent = await sendAndSee(page, text);
    const before = await counters(page);
    expect(before.stored).toBe(before.accepted);

    await restartHomepage(request);
    const next = unique("from after the restart");
    await message(request, next);
    await expect.poll(() => flown(page, next), { timeout: 20_000 }).toBe(1);
    expect(await flown(page, text)).toBe(sent);
    const { accepted, stored, shown } = before;
    await expect
      .poll(() => counters(page))
      .toEqual({ accepted: accepted + 1, stored: stored + 1, shown: shown + 1 });
  });

  test("ends the burst that it ran, and says so", async ({ page, request }) => {
    await page.goto("/");
    await fill(page, { message: unique("without its homepage"), concurrency: 2, duration: 30, rate: 5 });
    await sendButton(page).click();
    await expect.poll(() => counter(page, "accepted")).toBeGreaterThan(0); // before, it may not have answered yet
    await restartHomepage(request);
    const { accepted, stored } = await ended(page, "Ended with its homepage");
    expect(stored).toBe(accepted);
  });
});

test("a reload changes no number, and what was there before a page is listed but does not fly", async ({
  page,
  context,
}) => {
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live");
  const text = unique("from before the reload");
  await sendAndSee(page, text);
  const before = await counters(page);

  await page.reload();
  await expect(page.locator("#pill")).toHaveText("Live");
  expect(await counters(page)).toEqual(before);
  const other = await context.newPage();
  await other.goto("/");
  await other.getByRole("button", { name: "List" }).click();
  await expect(other.locator("#list-body")).toContainText(text);
  expect(await counters(other)).toEqual({ accepted: 0, stored: 0, shown: 0 });
  expect(await page.locator("#sky .bullet", { hasText: text }).count()).toBe(0);
});

test("a page that is opened while messages wait never has more stored than accepted", async ({ page }) => {
  let waiting = 60;
  await changeReplies(page, (reply) => ({ ...reply, totals: { ...reply.totals, accepted: 100, stored: 100 - waiting, waiting } }));
  await page.goto("/");
  await expect.poll(() => counter(page, "waiting")).toBe(60);
  expect(await counters(page)).toEqual({ accepted: 60, stored: 0, shown: 0 });
  waiting = 0;
  await expect.poll(() => counter(page, "stored")).toBe(60);
  expect((await counters(page)).accepted).toBe(60);
});

test("a homepage that has just started takes nothing back that the page knows", async ({ page }) => {
  let isStarting = false;
  await changeReplies(page, (reply) => {
    const totals = { ...reply.totals, accepted: 5000, stored: 1900, finished_without_row: 0, waiting: 3100 };
    const answer = isStarting
      ? { totals: { ...reply.totals, since: null, accepted: 0, stored: 0, waiting: 0 }, cursor: "", slots: {} }
      : { totals, slots: { known: 1 } };
    return { ...reply, processors: [], ...answer };
  });
  await page.goto("/");
  const banners = page.locator("#banners");
  await expect(banners).toContainText("3\u202f100 are waiting");
  const before = await counters(page);
  const polled = () => page.waitForResponse((response) => response.url().includes("/feed"));
  isStarting = true;
  await polled();
  await polled();
  await expect(banners).toContainText("3\u202f100 are waiting");
  await expect(page.locator("#pill")).toHaveText("Live, behind");
  expect(await counters(page)).toEqual(before);
});

test("a homepage that is a moment behind another one makes no number go back", async ({ page }) => {
  const accepted = [10_000, 9_875, 10_010];
  await changeReplies(page, (reply) => {
    const all = accepted.length > 1 ? accepted.shift() : accepted[0];
    const totals = { ...reply.totals, accepted: all, stored: all - 50, finished_without_row: 0, waiting: 50 };
    return { ...reply, totals };
  });
  await page.addInitScript(() => {
    window.numbers = [];
    document.addEventListener("DOMContentLoaded", () => {
      const cells = document.querySelectorAll("[data-counter=accepted], [data-counter=stored]");
      const note = () => window.numbers.push(...Array.from(cells, (cell) => cell.textContent));
      const observer = new MutationObserver(note);
      cells.forEach((cell) => observer.observe(cell, { childList: true, characterData: true, subtree: true }));
    });
  });
  await page.goto("/");
  await expect.poll(() => counter(page, "accepted")).toBe(60);
  expect(await counter(page, "stored")).toBe(10);
  expect((await page.evaluate(() => window.numbers)).filter((text) => text.startsWith("-"))).toEqual([]);
});
