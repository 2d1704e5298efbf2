// A burst from the press of Send to its last bullet.

import { counter, ended, expect, fill, flown, forward, message, sendButton, test, unique } from "./support/page.js";

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

test("Stop works in a browser that keeps no cookie", async ({ page, context }) => {
  await page.goto("/");
  await fill(page, { message: unique("without a cookie"), concurrency: 1, duration: 60, rate: 5 });
  await sendButton(page).click();
  const stop = page.getByRole("button", { name: "Stop burst" });
  await expect(stop).toBeVisible();
  await context.clearCookies();
  await stop.click();
  await ended(page, "Stopped");
});

test.describe("a Stop that the server refuses", () => {
  test.use({ expectsFailedRequests: true });

  test("says so, and can be pressed again", async ({ page }) => {
    await page.goto("/");
    const problem = { status: 403, contentType: "application/problem+json", body: '{"title":"Forbidden"}' };
    const refuse = (route) => (route.request().method() === "DELETE" ? route.fulfill(problem) : route.fallback());
    await page.route("**/bursts/*", refuse);
    await fill(page, { message: unique("refused"), concurrency: 1, duration: 60, rate: 5 });
    await sendButton(page).click();
    const stop = page.getByRole("button", { name: "Stop burst" });
    await stop.click();
    const strip = page.locator("#strip-burst");
    await expect(strip).toContainText("The burst was not stopped. Try again.");
    await page.unroute("**/bursts/*", refuse);
    await stop.click();
    await ended(page, "Stopped");
  });
});

test.describe("a server that does not know the burst", () => {
  test.use({ expectsFailedRequests: true });

  /** Each of its first `n` answers about a burst is 404. Returns how many there were. */
  async function forget(page, n) {
    let asked = 0;
    await page.route("**/bursts/*", (route) => {
      if (route.request().method() !== "GET" || asked === n) return route.fallback();
      asked += 1;
      return route.fulfill({ status: 404, contentType: "application/problem+json", body: '{"title":"Not Found"}' });
    });
    return () => asked;
  }

  test("for a moment is asked again, and the burst keeps its Stop", async ({ page }) => {
    await page.goto("/");
    const asked = await forget(page, 2);
    await fill(page, { message: unique("not known yet"), concurrency: 1, duration: 60, rate: 5 });
    await sendButton(page).click();
    await expect.poll(asked).toBe(2);
    await page.getByRole("button", { name: "Stop burst" }).click();
    await ended(page, "Stopped");
  });

  test("at all is believed in the end", async ({ page }) => {
    await page.clock.install();
    await page.goto("/");
    await forget(page, Infinity);
    await fill(page, { message: unique("lost"), concurrency: 1, duration: 1, rate: 1 });
    await sendButton(page).click();
    const line = page.locator("#strip-line");
    await forward(page, 2000, (options) => expect(line).toHaveText("The server no longer knows this burst.", options));
    await expect(sendButton(page)).toHaveAttribute("aria-disabled", "false");
  });
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
    page.locator("#sky .bullet").evaluateAll((all) => all.map((bullet) => bullet.getBoundingClientRect().x));
  const held = await places();
  const before = await counter(page, "stored");
  await expect.poll(() => counter(page, "stored")).toBeGreaterThan(before + 50);
  expect(await places()).toEqual(held);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.poll(places).not.toEqual(held);
});

test("Hide hides the bullets, and all else goes on, but nothing counts as shown that nobody sees", async ({ page }) => {
  await page.goto("/");
  await fill(page, { message: unique("hidden"), concurrency: 5, duration: 5, rate: 10 });
  await sendButton(page).click();
  await expect(page.locator("#sky .bullet").first()).toBeVisible();
  await page.getByRole("button", { name: "Hide" }).click();
  await expect(page.locator("#sky .bullet").first()).toBeHidden();
  await expect(page.locator("#wall-note")).toHaveText("Bullets are hidden.");
  const [shown, stored] = [await counter(page, "shown"), await counter(page, "stored")];
  await expect.poll(() => counter(page, "stored")).toBeGreaterThan(stored + 50);
  expect(await counter(page, "shown")).toBe(shown);
  await page.getByRole("button", { name: "Hide" }).click();
  await expect(page.locator("#wall-note")).toBeEmpty();
  await expect.poll(() => counter(page, "shown")).toBeGreaterThan(shown);
  await ended(page, "Done");
});

test("bullets of one track never run into each other, on a desk, a phone and a stage that look on at once", async ({ page, context, request }) => {
  const screens = [
    ["/", 1440, 900],
    ["/", 390, 844],
    ["/stage", 1920, 1080],
  ];
  const pages = [page, await context.newPage(), await context.newPage()];
  for (const [i, [path, width, height]] of screens.entries()) {
    await pages[i].setViewportSize({ width, height });
    await pages[i].goto(path);
    await expect(pages[i].locator("#pill[data-state=live]")).toBeAttached();
  }
  for (const text of ["short", "of middling length", "a rather long text that needs its room"]) {
    const burst = { message: unique(text), concurrency: 5, duration: 17, rate: 10 };
    expect((await request.post("/bursts", { data: burst })).status()).toBe(202);
  }
  const seen = await Promise.all(pages.map((it) => it.evaluate(watchTracks, 20_000)));
  for (const [i, { hits, bullets, frames }] of seen.entries()) {
    const screen = screens[i].join(" ");
    expect(hits, screen).toEqual([]);
    expect(bullets, screen).toBeGreaterThan(10);
    expect(frames, screen).toBeGreaterThan(200); // ten a second: a bullet that meets another one does so for longer
  }
});

test("a bullet is taken down only when it has crossed the wall", async ({ page, request }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/");
  await expect(page.locator("#pill[data-state=live]")).toBeAttached();
  await page.locator("#sky").evaluate(keepHeight);
  const text = unique("crosses");
  await page.evaluate(watchFlight, text);
  await message(request, text);
  const { end, right, takenDown } = await page.evaluate(() => window.flight);
  expect(right, "where it ends").toBeLessThan(1);
  expect(takenDown).toBeGreaterThanOrEqual(end);
});

/** Runs in the page: no line that comes above or below the wall makes it lower any more, which takes bullets down, too. */
async function keepHeight(sky) {
  for (const name of ["height", "minHeight", "maxHeight"]) sky.style[name] = "100px";
  for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame); // the wall knows it after the first
}

/**
 * Runs in the page: `window.flight` becomes when the flight of the bullet with this text ends and when the bullet was
 * taken down, both by the page's timeline, and how far right of the wall's left edge the flight ends. No frame has to
 * come in time for that: a flight is planned when it begins.
 */
function watchFlight(text) {
  const sky = document.getElementById("sky");
  const shift = (transform) => new DOMMatrix(transform).m41;
  const planned = (bullet) => {
    const [{ startTime, effect }] = bullet.getAnimations();
    const way = shift(effect.getKeyframes().at(-1).transform) - shift(getComputedStyle(bullet).transform);
    const right = bullet.getBoundingClientRect().right - sky.getBoundingClientRect().left + way;
    return { end: startTime + effect.getTiming().duration, right };
  };
  const isIt = (node) => node.querySelector(".text")?.textContent === text;
  window.flight = new Promise((resolve) => {
    let plan;
    const observer = new MutationObserver((changes) => {
      for (const { addedNodes, removedNodes } of changes) {
        plan ??= [...addedNodes].filter(isIt).map(planned)[0];
        if ([...removedNodes].some(isIt)) resolve({ ...plan, takenDown: document.timeline.currentTime });
      }
    });
    observer.observe(sky, { childList: true });
  });
}

/** Runs in the page: checks in every frame whether visible bullets overlap, and counts both. */
async function watchTracks(milliseconds) {
  const hits = [];
  const bullets = new Set();
  let frames = 0;
  const started = performance.now();
  const { left } = document.getElementById("sky").getBoundingClientRect();
  while (performance.now() - started < milliseconds) {
    const all = [...document.querySelectorAll("#sky .bullet")];
    for (const bullet of all) bullets.add(bullet);
    frames += 1;
    const boxes = all.map((bullet) => bullet.getBoundingClientRect()).filter(({ right }) => right > left);
    for (const a of boxes) {
      const isHit = (b) => b !== a && b.top < a.bottom - 1 && b.bottom > a.top + 1 && b.left >= a.left && b.left < a.right;
      hits.push(...boxes.filter(isHit).map((b) => `${b.left} within ${a.left} to ${a.right}`));
    }
    await new Promise(requestAnimationFrame);
  }
  return { hits, bullets: bullets.size, frames };
}
