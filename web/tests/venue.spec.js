// Networks in between: a venue's login page, and answers that no homepage gives. The page says so and heals by itself.

import { expect, fill, forward, flown, message, sendButton, test, unique } from "./support/page.js";

const LOGIN = { status: 200, contentType: "text/html", body: "<html>Please log in</html>" };
const NULL = { status: 200, contentType: "application/json", body: "null" };
const TEXTS = {
  "/": "This network answers with a page of its own. Log in to it, then this page goes on.",
  "/?lang=zh": "当前网络用它自己的页面代替了回应。请先登录该网络，本页会自动恢复。",
  "/stage": "This network answers with a page of its own. Log in to it, then this page goes on.",
};

const isLive = (page, options) => expect(page.locator("#pill[data-state=live]")).toBeAttached(options);
const says = (page, text, options) => expect(page.getByRole("alert")).toHaveText(text, options);

/** Longer than the pauses before the first tries, and shorter than a call may take. */
const PAUSE_MS = 2500;

/** A request that waits is answered now, so that the next one meets what the network has become. */
const news = (request) => message(request, unique("news"));

/** What networks answer in the place of the feed. The last two also log a failed request. */
const PORTALS = {
  "a login page": (route) => route.fulfill(LOGIN),
  "a redirect to another origin": (route) =>
    route.fulfill({ status: 302, headers: { location: "http://login.invalid/" } }),
  "Network Authentication Required": (route) => route.fulfill({ ...LOGIN, status: 511 }),
};

for (const [path, text] of Object.entries(TEXTS)) {
  test(`a login page in place of one answer is named on ${path}, and the page goes on`, async ({ page, request }) => {
    let isPortal = false;
    await page.route("**/feed?*", (route) => (isPortal ? route.fulfill(LOGIN) : route.continue()));
    await page.clock.install();
    await page.goto(path);
    await isLive(page);
    isPortal = true;
    await news(request);
    await says(page, text);
    await expect(page.locator("#pill")).toHaveAttribute("data-state", "offline");
    isPortal = false;
    await forward(page, PAUSE_MS, (options) => isLive(page, options));
    await expect(page.getByRole("alert")).toHaveCount(0);
    const sent = unique("after the login");
    await message(request, sent);
    await expect.poll(() => flown(page, sent)).toBe(1);
  });
}

test.describe("whatever a network does to an answer", () => {
  test.use({ expectsFailedRequests: true });

  for (const [name, portal] of Object.entries(PORTALS)) {
    test(`${name} is told apart from a server that does not answer`, async ({ page }) => {
      let isPortal = true;
      await page.route("**/feed?*", (route) => (isPortal ? portal(route) : route.continue()));
      await page.clock.install();
      await page.goto("/");
      await says(page, TEXTS["/"]);
      isPortal = false;
      await forward(page, PAUSE_MS, (options) => isLive(page, options));
    });
  }

  test("what cuts off two requests in a row that wait makes the page poll", async ({ page, request }) => {
    let cuts = 0;
    await page.route(/\/feed\?.*wait=/, (route) => {
      cuts += 1;
      return route.abort("connectionreset");
    });
    await page.goto("/");
    await isLive(page);
    await expect.poll(() => cuts).toBe(2);
    for (const text of [unique("polled"), unique("polled again")]) {
      await message(request, text);
      await expect.poll(() => flown(page, text)).toBe(1);
    }
    await isLive(page);
    expect(cuts).toBe(2);
    await expect(page.getByRole("alert")).toHaveCount(0);
  });

  for (const [name, answer] of Object.entries({
    null: NULL,
    "an empty answer": { status: 200, body: "" },
    "an object of another shape": { json: { cursor: 7, bullets: {}, totals: null } },
    "a bullet without a text": { json: { cursor: "x", bullets: [{}], passed: 1, now: 1, poll_after_ms: 1 } },
    "a page that calls itself JSON": { ...LOGIN, contentType: "application/json" },
    "a part of an answer": { contentType: "application/json", body: '{"cursor":"abc","bull' },
    "502 with a page": { ...LOGIN, status: 502 },
  })) {
    test(`${name} in place of the feed does not end the polling`, async ({ page, request }) => {
      let isWrong = false;
      await page.route("**/feed?*", (route) => (isWrong ? route.fulfill(answer) : route.continue()));
      await page.clock.install();
      await page.goto("/");
      await isLive(page);
      isWrong = true;
      await news(request);
      await forward(page, PAUSE_MS, (options) => says(page, "Cannot reach the server.", options));
      isWrong = false;
      await forward(page, PAUSE_MS, (options) => isLive(page, options));
    });
  }

  for (const [name, answer, text] of [
    ["a login page", LOGIN, "Nothing was sent: this network answers with a page of its own."],
    ["null", NULL, "This page does not understand the answer."],
    ["a burst of another shape", { status: 202, json: { id: 7 } }, "This page does not understand the answer."],
  ]) {
    test(`${name} in place of the answer to Send is told, and the button works again`, async ({ page }) => {
      await page.route("**/bursts", (route) => route.fulfill(answer), { times: 1 });
      await page.goto("/");
      await fill(page, { message: unique("again"), concurrency: 1, duration: 1, rate: 1 });
      await sendButton(page).click();
      await expect(page.locator("#strip-line")).toContainText(text);
      await sendButton(page).click();
      await expect(page.locator("#strip-line")).toContainText("Done: 1 accepted");
    });
  }

  test("a login page while a burst runs does not end it", async ({ page }) => {
    let polls = 0;
    await page.route("**/bursts/*", (route) => ((polls += 1) < 3 ? route.fulfill(LOGIN) : route.continue()));
    await page.goto("/");
    await fill(page, { message: unique("followed"), concurrency: 1, duration: 2, rate: 1 });
    await sendButton(page).click();
    await expect(page.locator("#strip-line")).toContainText("Done: 2 accepted");
  });
});

test("an error of the page while it shows a reply does not end the polling, and is not blamed on the server", async ({
  browser,
}) => {
  const page = await browser.newPage({ baseURL: process.env.BARRAGE_URL });
  await page.goto("/");
  await isLive(page);
  await page.evaluate(() => {
    const { toggle } = DOMTokenList.prototype;
    window.mend = () => (DOMTokenList.prototype.toggle = toggle);
    DOMTokenList.prototype.toggle = () => {
      throw new Error("a bug");
    };
  });
  await says(page, "This page has an error. Load it again.");
  await page.evaluate(() => window.mend());
  await isLive(page);
  await page.close();
});

test("a quiet page waits for news, which is no outage", async ({ page, request }) => {
  const waits = [];
  page.on("requestfinished", (asked) => {
    if (asked.url().includes("wait=")) waits.push(asked.timing().responseStart);
  });
  await page.goto("/");
  await isLive(page);
  await expect.poll(() => waits.filter((ms) => ms > 4000).length, { timeout: 40_000 }).toBeGreaterThan(1);
  await isLive(page);
  await expect(page.getByRole("alert")).toHaveCount(0);
  const text = unique("after the quiet");
  await message(request, text);
  await expect.poll(() => flown(page, text)).toBe(1);
});

test("a phone that is unlocked behind a login page goes on after the login, with what came meanwhile", async ({
  page,
  request,
}) => {
  let [asked, isPortal] = [0, false];
  await page.route("**/feed?*", (route) => {
    asked += 1;
    return isPortal ? route.fulfill(LOGIN) : route.continue();
  });
  await page.goto("/");
  await isLive(page);
  const look = (state) =>
    page.evaluate((visibilityState) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, value: visibilityState });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await look("hidden");
  const before = asked;
  isPortal = true;
  const text = unique("while it was locked");
  await message(request, text);
  // The homepage has told it: whoever asks now gets it.
  await expect.poll(async () => (await (await request.get("/feed?limit=5")).text()).includes(text)).toBe(true);
  expect(asked).toBe(before);
  await look("visible");
  await says(page, TEXTS["/"]);
  isPortal = false;
  await isLive(page);
  await expect.poll(() => flown(page, text)).toBe(1);
});
