// The events as a list, beside the messages of the List view: for reduced motion, keyboards and screen readers.

import { expect, expectNoFindings, test } from "./support/page.js";
import { fly, show, STATES } from "./support/pipeline.js";

const at = (second) => new Date(new Date().setHours(12, 0, second, 0)).toISOString();
const event = (second, kind, rest = {}) => ({ at: at(second), ago_ms: (50 - second) * 1000, kind, ...rest });

const EVENTS = [
  event(1, "cold_start", { ms: 1210 }),
  event(4, "scaled", { from: 3, to: 5, calls: 33.2, target: 7 }),
  event(20, "died", { part: "message-processor-2" }),
  event(21, "back", { part: "message-processor-2", ms: 400 }),
  event(30, "part_down", { part: "event-router" }),
];

/** As many as the log keeps. */
const MANY = Array.from({ length: 30 }, (_, i) => event(i, "by_hand", { id: i, to: i + 1 }));

/** A page with reduced motion, so with the list, that hears of these events. Returns a function that changes them. */
async function open(page, path, events) {
  let all = events;
  await page.emulateMedia({ reducedMotion: "reduce" });
  await fly(page);
  await show(page, () => ({ ...STATES.pace(), now: at(50), events: all }));
  await page.goto(path);
  return (next) => (all = next);
}

/** Two answers that were asked for after this call, the first of which has been drawn. */
async function answers(page) {
  for (let i = 0; i < 2; i += 1) {
    const asked = await page.waitForRequest("**/pipeline");
    await asked.response();
  }
}

for (const [path, caption, lines] of [
  ["/", "Events, newest first.", ["12:00:30 router down", "12:00:20 processor-2 died, back in 0.4 s", "12:00:04 3 → 5: 33 calls under way, target 7 each", "12:00:01 cold start 1.2 s"]],
  ["/stage?lang=zh", "事件，最新的在前。", ["12:00:30 路由中断", "12:00:20 processor-2 崩溃，0.4 秒后恢复", "12:00:04 3 → 5：33 个请求进行中，每个目标 7", "12:00:01 冷启动 1.2 秒"]],
]) {
  test(`the list of ${path} has the events with their time of day, the newest first`, async ({ page }) => {
    const change = await open(page, path, EVENTS);
    const log = page.getByRole("region", { name: caption }).getByRole("listitem");
    await expect(log).toHaveText(lines);
    const back = { part: "event-router", ms: 6000, lost: null };
    change([...EVENTS, event(36, "part_back", back)]);
    await expect(log.first()).toContainText(/12:00:36 .*6 .*[^0]$/);
    change([...EVENTS, event(36, "part_back", { ...back, lost: 0 })]);
    await expect(log.first()).toContainText(/0 lost|丢失 0/);
    change([]);
    await answers(page);
    await expect(log).toHaveCount(5); // what the answers have forgotten
    await expectNoFindings(page);
  });
}

test("without events the list says so, and a text from outside is text", async ({ page }) => {
  const change = await open(page, "/", []);
  const log = page.locator(".log li");
  await expect(log).toHaveText("None yet.");
  const part = "<img src=x onerror=alert(1)>";
  change([event(3, "died", { part }), event(4, "<b>", {})]);
  await expect(log).toHaveText(`12:00:03 ${part} died`);
});

test("while the messages stand still the events do, too", async ({ page }) => {
  const change = await open(page, "/", EVENTS.slice(0, 1));
  const log = page.locator(".log li");
  await expect(log).toHaveCount(1);
  await page.getByRole("button", { name: "Pause" }).click();
  let asked = 0;
  await page.route("**/pipeline", (route) => ((asked += 1), route.fallback()));
  change(EVENTS);
  await expect.poll(() => asked).toBeGreaterThan(2);
  await expect(log).toHaveCount(1);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(log).toHaveCount(4);
});

for (const [width, height, path] of [
  [390, 844, "/"],
  [1024, 768, "/"],
  [1440, 900, "/"],
  [1024, 768, "/stage"],
  [1920, 1080, "/stage"],
]) {
  test(`messages and events are not cut on ${path} at ${width} by ${height}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await open(page, path, EVENTS);
    await expect(page.locator(".log li").first()).toBeVisible();
    const isWide = (node) => node.scrollWidth > node.clientWidth + 1;
    expect(await page.locator("#list").evaluate(isWide)).toBe(false);
    expect(await page.locator(".log li").evaluateAll((all) => all.filter((it) => it.scrollWidth > it.clientWidth + 1).length)).toBe(0);
  });

  test(`all events can be reached on ${path} at ${width} by ${height}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await open(page, path, MANY);
    const log = page.locator(".log li");
    await expect(log).toHaveCount(MANY.length);
    for (const line of [log.last(), log.nth(4), log.first()]) {
      await expect(async () => {
        await line.scrollIntoViewIfNeeded({ timeout: 1000 });
        await expect(line).toBeInViewport({ ratio: 0.9, timeout: 300 });
      }).toPass({ timeout: 10_000 }); // messages come meanwhile, and move it
    }
  });
}
