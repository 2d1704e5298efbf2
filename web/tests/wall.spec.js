// The wall in the page while a room writes: how old bullets are when they start, how many can be read, and what is said of the others.

import { counter, expect, fill, forward, sendButton, test, unique } from "./support/page.js";
import { faultsOfLayout, STAGES } from "./support/layout.js";
import { show } from "./support/pipeline.js";
import { agesOf, crowd, watchStarts } from "./support/room.js";

const LATEST_MS = 3000;

const open = async (page, path, viewport) => {
  await page.setViewportSize(viewport);
  await page.addInitScript(watchStarts);
  await show(page, "pace");
  await page.goto(path);
  await expect(page.locator("body[data-screen]")).toBeAttached();
};

/** How many messages could be read and were folded, so far. */
const counts = async (page) => [await counter(page, "shown"), await counter(page, "folded")];

const STAGE = { width: 1920, height: 1080 };
const DESK = { width: 1440, height: 900 };

for (const { path, viewport, perSecond, warmUp, seconds, readable, keys = "" } of [
  { path: "/stage", viewport: STAGE, perSecond: 4, warmUp: 5, seconds: 10, readable: 0.9 },
  { path: "/stage", viewport: STAGE, perSecond: 10, warmUp: 7, seconds: 12, readable: 0.7 },
  { path: "/", viewport: DESK, perSecond: 10, warmUp: 7, seconds: 12, readable: 0.85 },
  { path: "/stage", viewport: STAGE, perSecond: 40, warmUp: 7, seconds: 12, readable: 0.1 },
  { path: "/stage", viewport: STAGE, perSecond: 40, warmUp: 3, seconds: 4, readable: 0.2, keys: "w" },
  { path: "/", viewport: DESK, perSecond: 40, warmUp: 3, seconds: 4, readable: 0.1 },
]) {
  test(`at ${perSecond} different texts a second ${path} ${keys} is never late`, async ({ page }) => {
    const { sent } = await crowd(page, { perSecond });
    await open(page, path, viewport);
    if (keys) await page.keyboard.press(keys);
    // A wall that becomes denser cannot use the tracks at once in which slower bullets fly.
    await expect.poll(() => sent.size, { timeout: 30_000 }).toBeGreaterThan(perSecond * warmUp);
    const before = await counts(page);
    const begun = sent.size;
    await expect.poll(() => sent.size, { timeout: 30_000 }).toBeGreaterThanOrEqual(begun + perSecond * seconds);
    const [shown, folded] = (await counts(page)).map((n, i) => n - before[i]);
    const ages = await agesOf(page, sent);
    const share = shown / (shown + folded);
    const at = (part) => ages[Math.floor(ages.length * part)];
    console.log(`${path} ${keys} at ${perSecond}/s: age p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ${Math.round(share * 100)} % readable, ${folded} folded`);
    expect(at(0.95)).toBeLessThan(LATEST_MS);
    expect(ages.at(-1)).toBeLessThan(LATEST_MS + 500); // a slow machine starts it a moment after it was chosen
    expect(share).toBeGreaterThan(readable);
    expect(shown + folded).toBeLessThanOrEqual(sent.size);
    if (perSecond === 40) {
      expect(folded).toBeGreaterThan(0);
      await expect(page.locator("#sentence")).toHaveText(/^\d+ different texts a second: \d+ fly, \d+ are folded, none is older than [0-2]\.\d s\.$/);
      expect((await page.evaluate(() => window.starts)).some(({ name, said }) => name.includes("fold") && /^\+\d+ more$/.test(said))).toBe(true);
    }
  });
}

test("all that came is shown or folded in the end, and nothing twice", async ({ page }) => {
  const { sent, stop } = await crowd(page, { perSecond: 40 });
  await open(page, "/", DESK);
  await expect.poll(() => sent.size, { timeout: 30_000 }).toBeGreaterThan(120);
  stop();
  await expect(page.locator("#sky .bullet")).toHaveCount(0, { timeout: 20_000 });
  const [shown, folded] = await counts(page);
  expect(shown).toBeGreaterThan(0);
  expect(shown + folded).toBe(sent.size);
});

test("one's own message flies within two seconds on a full wall, in a frame that says so", async ({ page }) => {
  const room = await crowd(page, { perSecond: 40 });
  let burst;
  await page.route("**/bursts", async (route) => {
    const response = await route.fetch();
    burst = (await response.json()).id;
    await route.fulfill({ response });
  });
  await open(page, "/", DESK);
  await expect.poll(() => page.evaluate(() => window.starts.length)).toBeGreaterThan(60); // it is full
  const text = unique("here I am");
  await fill(page, { message: text, concurrency: 1, duration: 1, rate: 1 });
  await sendButton(page).click();
  await expect.poll(() => burst).toBeTruthy();
  const said = Date.now();
  room.say({ message: text, burst, name: "Mei" });
  const mine = page.locator("#sky .bullet.mine", { hasText: text });
  await expect(mine).toHaveText(`youMei${text}`);
  const start = await page.evaluate((wanted) => window.starts.find((it) => it.text === wanted).at, text);
  expect(start - said).toBeLessThan(2000);
  await expect(page.locator("#sky .bullet.mine")).toHaveCount(1);
});

test("on a full wall equal texts of several processors are one bullet, with the shapes of three", async ({ page }) => {
  await crowd(page, { perSecond: 40, again: 2 });
  await open(page, "/stage", STAGE);
  const mixed = page.locator("#sky .bullet.mixed").first();
  await expect(mixed).toBeAttached({ timeout: 30_000 });
  await expect(mixed.locator(".chip .shape").nth(1)).toBeAttached();
  expect(await page.locator("#sky .bullet.mixed").evaluateAll((all) => Math.max(...all.map((one) => one.querySelectorAll(".shape").length)))).toBeLessThanOrEqual(3);
});

test("what waited too long behind a pause is folded when the wall goes on", async ({ page }) => {
  const { sent } = await crowd(page, { perSecond: 4 });
  await open(page, "/stage", STAGE);
  await expect(page.locator("#sky .bullet").first()).toBeAttached();
  await page.keyboard.press(" ");
  const before = sent.size;
  await expect.poll(() => sent.size, { timeout: 20_000 }).toBeGreaterThan(before + 20); // five seconds
  await page.keyboard.press(" ");
  await expect(page.locator("#sky .fold")).toBeAttached();
  await expect.poll(() => counter(page, "folded")).toBeGreaterThan(0);
  expect((await agesOf(page, sent)).at(-1)).toBeLessThan(LATEST_MS + 500);
});

test("a full wall that is paused is said to be full no longer, and not when it goes on with nothing to fold", async ({ page }) => {
  const { stop } = await crowd(page, { perSecond: 40 });
  await open(page, "/stage", STAGE);
  const sentence = page.locator("#sentence");
  await expect(sentence).toHaveAttribute("data-key", "dense", { timeout: 30_000 });
  await page.keyboard.press(" ");
  stop();
  await expect(sentence).toHaveAttribute("data-key", "pace", { timeout: 4000 }); // a sentence and an answer stand for two seconds
  await page.evaluate(watchSentence);
  await page.keyboard.press(" ");
  await expect(page.locator("#sky .bullet")).toHaveCount(0, { timeout: 20_000 });
  expect(await page.evaluate(() => window.keysOfSentence)).not.toContain("dense");
});

/** Runs in the page: notes what the sentence is about from now on. */
function watchSentence() {
  window.keysOfSentence = [];
  const sentence = document.getElementById("sentence");
  const observer = new MutationObserver(() => window.keysOfSentence.push(sentence.dataset.key));
  observer.observe(sentence, { attributes: true });
}

test.describe("where no request may wait", () => {
  test.use({ expectsFailedRequests: true });

  test("the one message of a quiet wall flies, however seldom the page asks", async ({ page }) => {
    const asked = [];
    let skipped = 0; // by the page's clock, with which the server's goes
    await page.clock.install();
    await page.route("**/feed?*", (route) => {
      if (new URL(route.request().url()).searchParams.has("wait")) return route.abort();
      const now = Date.now() + skipped;
      asked.push(now);
      const stored_at = now - 4000; // the page did not ask then
      const isDue = asked.length === asked.findIndex((at, i) => at - asked[i - 1] > 4500) + 1;
      const place = { id: "quiet", burst: "quiet", sender: 1, seq: 1, partition: 0, offset: 1, sent_at: stored_at - 80, stored_at };
      const bullets = isDue ? [{ ...place, message: "hello", processor: "message-processor-1" }] : [];
      const totals = { accepted: 1, stored: 1, waiting: 0, since: "2026-11-29T07:00:00Z" };
      const reply = { cursor: String(asked.length), now, passed: bullets.length, poll_after_ms: 100, bullets, totals };
      return route.fulfill({ json: { ...reply, processors: ["message-processor-1"], slots: {}, problems: [], events: [] } });
    });
    await open(page, "/", DESK);
    await forward(page, 1000, (options) => {
      skipped += 1000;
      return expect(page.locator("#sky .bullet")).toHaveText("hello", options);
    });
    expect((await page.evaluate(() => window.starts)).map(({ text }) => text)).toEqual(["hello"]);
  });
});

test("a keyboard that hides the small wall leaves no bullet that others run into", async ({ page }) => {
  const { sent } = await crowd(page, { perSecond: 10 });
  const [tall, low] = [844, 508].map((height) => ({ width: 390, height }));
  await page.setViewportSize(tall);
  await page.addInitScript(watchStarts);
  await page.goto("/join");
  const sky = page.locator("#sky");
  await expect(sky.locator(".bullet").first()).toBeAttached();
  await page.setViewportSize(low);
  await expect(sky).toBeHidden();
  await expect(sky.locator(".bullet")).toHaveCount(0);
  const starts = () => page.evaluate(() => window.starts.length);
  const [before, came] = [await starts(), sent.size];
  await expect.poll(() => sent.size).toBeGreaterThan(came + 20);
  expect(await starts()).toBe(before);
  await page.setViewportSize(tall);
  await expect.poll(starts).toBeGreaterThan(before + 10);
  // In one step: a bullet that goes between two has no box.
  const overlaps = await sky.evaluate((node) => {
    const boxes = [...node.querySelectorAll(".bullet")].map((it) => it.getBoundingClientRect());
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    return boxes.filter((a, i) => a.width === 0 || boxes.slice(i + 1).some((b) => meet(a, b))).length;
  });
  expect(overlaps).toBe(0);
});

test("a bullet that goes because the wall becomes lower, before it could be read, starts again", async ({ page }) => {
  const room = await crowd(page, { perSecond: 0 });
  await open(page, "/", DESK);
  await page.locator("#sky").evaluate((sky) => {
    const lower = new MutationObserver(() => {
      window.lost = [...sky.children].find((bullet) => bullet.offsetTop > 150);
      if (!window.lost) return;
      for (const name of ["height", "minHeight", "maxHeight"]) sky.style[name] = "100px";
      lower.disconnect();
    });
    lower.observe(sky, { childList: true });
  });
  const say = () => room.say({ message: unique("lower") });
  await expect.poll(async () => say() && (await page.evaluate(() => window.lost !== undefined))).toBe(true);
  await expect.poll(() => page.evaluate(() => window.lost.isConnected && window.lost.offsetTop < 100)).toBe(true);
});

test("a machine whose clock is put forward shows each text, as before", async ({ page }) => {
  const room = await crowd(page, { perSecond: 0 });
  await open(page, "/", DESK);
  await page.waitForRequest(/\/feed\?.*wait=/);
  await page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 3_600_000;
  });
  const text = unique("on time");
  room.say({ message: text });
  await expect(page.locator("#sky .bullet", { hasText: text })).toBeVisible();
});

test("a name stands before the text, as text, on the wall, in the list and on the card", async ({ page }) => {
  const room = await crowd(page, { perSecond: 0 });
  await open(page, "/", DESK);
  const [text, name] = [unique("named"), "<img src=x>\u202e Eva"];
  room.say({ message: text, name });
  const bullet = page.locator("#sky .bullet", { hasText: text });
  await expect(bullet.locator(".who")).toHaveText(name);
  await bullet.dispatchEvent("click");
  await expect(page.locator("#card-title .who")).toHaveText(name);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "List" }).click();
  await expect(page.locator("#list-body tr", { hasText: text }).locator(".who")).toHaveText(name);
  await expect(page.locator("#wall img")).toHaveCount(0);
});

for (const [width, height] of [[1024, 768], [1920, 1080], [3840, 2160]]) {
  test(`on a stage of ${width} by ${height} no name and no mark is smaller than 1/40 of the height`, async ({ page }) => {
    const room = await crowd(page, { perSecond: 30, again: 3 });
    await open(page, "/stage", { width, height });
    await expect.poll(() => page.evaluate(() => new Set(window.starts.map(({ size }) => size)).size), { timeout: 30_000 }).toBeGreaterThan(1); // another density
    room.say({ message: "long enough to be seen", name: "Ana" });
    await expect(page.locator("#sky .who").first()).toBeAttached();
    await expect(page.locator("#sky .chip").first()).toBeAttached();
    // In one step: a bullet that goes between two has no size.
    const sizes = await page.evaluate(() => {
      const all = document.querySelectorAll("#sky :is(.bullet, .who, .chip, .number)");
      return [...all].map((node) => parseFloat(getComputedStyle(node).fontSize));
    });
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(height / 40 - 0.1);
  });
}

test("key W leaves a row in which the sentence and the numbers have room, on every screen and in both languages", async ({ page }) => {
  await crowd(page, { perSecond: 40 });
  for (const language of ["en", "zh"]) {
    await open(page, `/stage?lang=${language}`, STAGE);
    await page.keyboard.press("w");
    await expect(page.locator("#sentence")).toHaveAttribute("data-key", "dense", { timeout: 30_000 });
    for (const [width, height] of STAGES) {
      await page.setViewportSize({ width, height });
      expect(await page.evaluate(faultsOfLayout, height / 40), `${language} ${width}x${height}`).toEqual([]);
    }
  }
});
