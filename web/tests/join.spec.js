// The guest's page: one message at a time, what became of it, on every screen. What a room and its network do to it: join-troubles.spec.js.

import { expect, expectNoFindings, flown, hold, test, unique } from "./support/page.js";
import { countPosts, field, go, isOnWall, open, own, take } from "./support/guest.js";
import { Throughput } from "../static/join/throughput.js";
import { BLOCKED_WORD } from "./support/stack.js";

const PHONE = { width: 390, height: 844 };
/** So long a message is said to be on the wall. */
const FLIGHT_MS = 10_000;
const TOUCH = { viewport: PHONE, hasTouch: true, isMobile: true };

test.describe("on a phone", () => {
  test.use(TOUCH);

  test("one message goes by touch, with an emoji, and is found again on the wall", async ({ page }) => {
    await page.clock.install();
    await open(page);
    const text = unique("hello, row 12");
    await page.locator("#name").tap();
    await page.keyboard.type("Mei");
    await field(page).tap();
    await page.keyboard.type(text);
    await page.getByRole("button", { name: "🎉" }).tap();
    await expect(field(page)).toHaveValue(`${text}🎉`);
    await expect(field(page)).toBeFocused();
    await go(page).tap();
    await expect(field(page)).toHaveValue("");
    await expect(field(page)).toBeFocused();
    await isOnWall(page, text);
    await expect(own(page, text).locator(".shape")).toBeVisible();
    await expect(page.locator("#sky .bullet.mine")).toContainText(`${text}🎉`);
    await expect(page.locator("#name")).toHaveValue("Mei");
    await page.clock.fastForward(FLIGHT_MS);
    await expect(own(page, text).locator("p")).toHaveText(/^Was on the wall after/); // it has flown
  });

  test("an emoji alone is a message, and calls no keyboard up", async ({ page }) => {
    await open(page);
    await page.getByRole("button", { name: "🚀" }).tap();
    await page.getByRole("button", { name: "🚀" }).tap();
    await expect(field(page)).not.toBeFocused();
    await go(page).tap();
    await isOnWall(page, "🚀🚀");
    await expect(field(page)).not.toBeFocused();
  });

  for (const [name, viewport, emojis] of [
    ["a phone", PHONE, 7],
    ["a small phone", { width: 320, height: 568 }, 6],
    ["a phone on its side", { width: 844, height: 390 }, 7],
    ["a small phone on its side", { width: 568, height: 320 }, 6],
    ["a phone with its keyboard open", { width: 390, height: 508 }, 7],
    ["a small phone with its keyboard open", { width: 320, height: 300 }, 6],
    ["a phone on its side with its keyboard open", { width: 844, height: 180 }, 0],
  ]) {
    test(`on ${name} only the list scrolls, and nothing of the form is hidden or too small for a finger`, async ({ page }) => {
      await page.setViewportSize(viewport);
      await page.addInitScript(remembered, 12);
      await open(page);
      const faults = await page.evaluate(faultsOfForm);
      expect(faults).toEqual([]);
      await expect(page.locator("#emojis button:visible")).toHaveCount(emojis);
      if (viewport.height > 300) {
        const list = page.locator(".own-scroll");
        expect(await list.evaluate((it) => it.scrollHeight > it.clientHeight)).toBe(true);
        await expect(page.locator("#own li").last()).toBeInViewport();
      }
      await expect(page.locator("#sky")).toBeVisible({ visible: viewport.height >= 700 });
    });
  }

  test("where the browser only moves the page for its keyboard, the page follows", async ({ page }) => {
    await page.addInitScript(() => {
      const keyboard = Object.assign(new EventTarget(), { scale: 1, height: 844, offsetTop: 0 });
      Object.defineProperty(window, "visualViewport", { value: keyboard });
    });
    await open(page);
    await page.evaluate(() => {
      Object.assign(visualViewport, { height: 460, offsetTop: 120 });
      visualViewport.dispatchEvent(new Event("resize"));
    });
    const box = await go(page).boundingBox();
    expect(box.y).toBeGreaterThan(120);
    expect(box.y + box.height).toBeLessThanOrEqual(580);
    await expect(page.locator("#sky")).toBeHidden();
  });

  test("no field is so small that a phone zooms into it", async ({ page }) => {
    await open(page);
    const sizes = await page.locator("input").evaluateAll((all) => all.map((it) => parseFloat(getComputedStyle(it).fontSize)));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(16);
    expect(await page.locator("meta[name=viewport]").getAttribute("content")).toContain("interactive-widget=resizes-content");
  });
});

for (const [zoom, viewport] of [
  ["250 %", { width: 410, height: 307 }],
  ["300 %", { width: 426, height: 240 }],
  ["400 %", { width: 320, height: 180 }],
  ["500 % of a wide screen", { width: 512, height: 205 }],
]) {
  test(`at a zoom of ${zoom} the page scrolls to all that it has, and nothing lies over another part`, async ({ page }) => {
    await page.setViewportSize(viewport);
    await page.addInitScript(remembered, 3);
    await open(page);
    const parts = page.locator("#pill, #own li, #name, #message, #emojis button, #go, #note");
    for (const part of await parts.all()) {
      await part.scrollIntoViewIfNeeded();
      await expect(part).toBeInViewport({ ratio: 0.95 });
    }
    await expect(page.locator("#own li")).toHaveCount(3);
    const faults = await page.evaluate(faultsOfForm);
    expect(faults.filter((it) => !/^the page scrolls|leaves the screen$/.test(it))).toEqual([]);
    expect(await page.evaluate(() => document.scrollingElement.scrollWidth)).toBe(viewport.width);
    await expectNoFindings(page);
  });
}

/** Runs before the page's scripts: the tab remembers so many messages. */
function remembered(n) {
  const entries = Array.from({ length: n }, (_, i) => ({ text: `message ${i}`, name: "", state: "was", ms: 600, slot: 1, trace: `t${i}` }));
  sessionStorage.setItem("barrage.own /", JSON.stringify(entries));
}

/** Runs in the page: what of the form leaves the screen, lies over another part, or is too small for a finger. */
function faultsOfForm() {
  const found = [];
  const { scrollWidth, scrollHeight } = document.scrollingElement;
  if (scrollWidth > innerWidth || scrollHeight > innerHeight) found.push(`the page scrolls: ${scrollWidth} x ${scrollHeight}`);
  const parts = [...document.querySelectorAll("#name, #message, #emojis button, #go, .links a")].filter((it) => it.checkVisibility());
  const boxes = parts.map((it) => ({ name: it.id || it.textContent, box: it.getBoundingClientRect() }));
  for (const { name, box } of boxes) {
    if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) found.push(`${name} leaves the screen`);
    if (box.height < 44 && name !== "中文") found.push(`${name} is ${box.height} px high`);
    if (box.width < 36) found.push(`${name} is ${box.width} px wide`);
  }
  boxes.forEach((one, i) => {
    for (const other of boxes.slice(i + 1)) {
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (across > 1 && down > 1) found.push(`${one.name} lies over ${other.name}`);
    }
  });
  return found;
}

test("by the keyboard: Enter sends, and the field is ready for the next", async ({ page }) => {
  await open(page);
  await field(page).focus();
  const texts = [unique("first"), unique("second")];
  for (const text of texts) {
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await expect(field(page)).toHaveValue("");
    await expect(field(page)).toBeFocused();
  }
  for (const text of texts) await isOnWall(page, text);
  expect(await page.locator("#own li .text").allTextContents()).toEqual(texts);
});

test("every part is reached by Tab, and an emoji by Enter", async ({ page }) => {
  await open(page);
  const reached = [];
  for (let presses = 0; presses < 14; presses += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim()));
  }
  for (const part of ["中文", "name", "message", "👏", "👋", "go"]) expect(reached).toContain(part);
  await page.getByRole("button", { name: "👏" }).press("Enter");
  await expect(field(page)).toHaveValue("👏");
});

test("the page speaks Chinese", async ({ page }) => {
  await open(page, "/join?lang=zh");
  const text = unique("自动扩容真快");
  await field(page).fill(text);
  await go(page).click();
  await expect(own(page, text).locator("p")).toHaveText(/^(正在墙上|已上墙，用时 \d+\.\d 秒)，处理器 \d+$/);
  await expect(page.locator("#pill")).toHaveText("在线");
  const words = await page.locator(".top nav, h2, .send").allInnerTexts();
  expect(words.join(" ").match(/[A-Za-z]{3,}/g)).toEqual(["English"]);
  await expectNoFindings(page);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false, expectsFailedRequests: true });

  test("a message goes by a plain form, and is found below it after a reload", async ({ page }) => {
    await page.goto("/join?lang=en");
    const text = unique("plain guest");
    await page.locator("#name").fill("Mei");
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/join\?lang=en$/);
    await expect(page.locator("#note")).toHaveText("Your message was sent. It is on the wall in a moment.");
    await expect(async () => {
      await page.goto("/join");
      await expect(page.locator(".newest").getByText(text)).toBeVisible({ timeout: 500 });
    }).toPass();
    await expect(page.locator("#note")).toHaveText("Everybody in the room can read it."); // it is said once
    for (const part of ["#pill", "#sky", "#own", "#emojis"]) await expect(page.locator(part)).toBeHidden();
  });

  test("a message that is too long comes back with the reason", async ({ page }) => {
    await page.goto("/join");
    await field(page).fill("x".repeat(130));
    await page.locator("#name").fill("n".repeat(21));
    await go(page).click();
    await expect(page.locator("#message-error")).toHaveText("30 too many: at most 100 characters.");
    await expect(page.locator("#name-error")).not.toBeEmpty();
    await expect(field(page)).toHaveValue("x".repeat(130));
    await expect(field(page)).toBeFocused();
    await expect(page.locator("#note")).toHaveText("Nothing was sent. Correct the marked fields.");
  });
});

test("characters are counted from 80 on, and too many are refused beside their field", async ({ page }) => {
  const posts = await countPosts(page);
  await open(page);
  await field(page).fill("x".repeat(79));
  await expect(page.locator("#letters")).toBeEmpty();
  await field(page).fill("🎉".repeat(80));
  await expect(page.locator("#letters")).toHaveText("80 of 100");
  await field(page).fill("x".repeat(101));
  await page.keyboard.press("Enter");
  await expect(page.locator("#message-error")).toHaveText("1 too many. At most 100 characters.");
  await expectNoFindings(page);
  await field(page).fill("fine");
  await page.locator("#name").fill("n".repeat(21));
  await page.keyboard.press("Enter");
  await expect(page.locator("#name-error")).toHaveText("1 too many. At most 20 characters.");
  await expect(page.locator("#name")).toBeFocused();
  expect(posts).toEqual([]);
});

test("markup and direction overrides stay text, in the list and on the wall", async ({ page }) => {
  await page.setViewportSize(PHONE);
  await open(page);
  const text = unique("<img src=x onerror=alert(1)>\u202eabc");
  await page.locator("#name").fill("<b>Mei</b>");
  await field(page).fill(text);
  await page.keyboard.press("Enter");
  await isOnWall(page, text);
  await expect.poll(() => flown(page, text)).toBe(1);
  await expect(page.locator("#own, #sky").locator("img, b b")).toHaveCount(0);
});

test("during the pause the button fills and says how long, typing goes on, and Enter is kept", async ({ page }) => {
  const posts = await take(page, 2000);
  await page.clock.install();
  await open(page);
  await hold(page);
  await field(page).fill("one");
  await page.keyboard.press("Enter");
  await expect(go(page)).toHaveText("Send again in 2 s");
  const filled = () => go(page).evaluate((it) => Number(it.style.getPropertyValue("--filled")));
  expect(await filled()).toBeLessThan(0.5);
  await field(page).fill("two");
  await page.keyboard.press("Enter");
  await expect(own(page, "two").locator("p")).toHaveText(/^Goes in [12] s$/);
  await expect(field(page)).toHaveValue("");
  expect(posts.length).toBe(1);
  await field(page).fill("three"); // one more is not kept, and not lost
  await page.keyboard.press("Enter");
  await expect(page.locator("#note")).toHaveText("One message waits already. This one stays here.");
  await expect(field(page)).toHaveValue("three");
  await page.clock.fastForward(2000);
  await expect.poll(() => posts.length).toBe(2);
  expect(posts.map((it) => it.message)).toEqual(["one", "two"]);
  await expect(page.locator("#note")).toHaveText("Everybody in the room can read it.");
  await expect(go(page)).toHaveText("Send again in 2 s");
  await page.clock.fastForward(2000);
  await expect(go(page)).toHaveText("Send");
  await expect(own(page, "three")).toHaveCount(0);
});

test("at 320 px the pause fits on the button", async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 568 });
  await take(page, 30_000);
  await open(page);
  await field(page).fill("one");
  await page.keyboard.press("Enter");
  await expect(go(page)).toHaveText(/^Again in \d+ s$/);
  await expectNoFindings(page);
});

test("the server's own pause is obeyed: two messages at once, and none is refused", async ({ page }) => {
  const statuses = [];
  page.on("response", (it) => new URL(it.url()).pathname === "/messages" && statuses.push(it.status()));
  await open(page);
  const texts = [unique("one"), unique("two")];
  for (const text of texts) {
    await field(page).fill(text);
    await page.keyboard.press("Enter");
  }
  await expect(go(page)).toHaveText(/^Send again in/);
  for (const text of texts) await isOnWall(page, text);
  expect(statuses).toEqual([202, 202]);
});

test("the time that a message still waits follows the throughput of the last five seconds", () => {
  const throughput = new Throughput();
  const at = (second, finished, since = "a") => throughput.take({ accepted: finished + 100, waiting: 100, since }, second * 1000);
  at(0, 0);
  expect(throughput.secondsTo(100)).toBe(undefined); // nothing is known yet
  at(1, 10);
  expect(throughput.secondsTo(110)).toBe(10);
  expect(throughput.secondsTo(5)).toBe(1); // any moment
  at(2, 10);
  expect(throughput.secondsTo(410)).toBe(80); // 5 a second, in steps of five
  expect(throughput.secondsTo(2000)).toBe(420); // in minutes
  expect(throughput.secondsTo(1e6)).toBe(undefined);
  for (let second = 3; second < 9; second += 1) at(second, 10);
  expect(throughput.secondsTo(110)).toBe(undefined); // it stands still
  expect(at(9, 500, "b")).toBe(true); // the server counts from another moment
  expect(throughput.secondsTo(600)).toBe(undefined);
});

test("a message that waits says so in words, and about how long", async ({ page }) => {
  const begun = Date.now();
  let cursor = 0;
  await page.route("**/feed?*", (route) => {
    cursor += 1;
    const stored = 1000 + Math.floor((Date.now() - begun) / 10); // a hundred a second, however seldom the page asks
    const totals = { accepted: stored + 400, stored, waiting: 400, since: "2026-11-29T07:00:00Z" };
    const rest = { now: Date.now(), passed: 0, poll_after_ms: 400, bullets: [], processors: [], problems: [] };
    return route.fulfill({ json: { cursor: String(cursor), totals, ...rest } });
  });
  await take(page, 0);
  await page.goto("/join");
  await expect(page.locator("#pill")).toHaveText("Live");
  await field(page).fill("in a queue");
  await page.keyboard.press("Enter");
  await expect(own(page, "in a queue").locator("p")).toHaveText(/^Waiting in Kafka, about [2-5] s$/);
  await expect(own(page, "in a queue").locator(".mark.waiting")).toBeVisible();
  await expectNoFindings(page);
});

for (const [state, row, says] of [
  ["stored", { verdict: "blocked" }, "Arrived, but not shown: it has a word that is not shown here"],
  ["finished_without_row", undefined, "Arrived, but was sorted out on its way"],
  ["expired", undefined, "Lost: Kafka deleted it before it was processed"],
]) {
  test(`what the feed never brings is asked for: ${says}`, async ({ page }) => {
    await take(page, 0);
    await page.route("**/messages/*/*", (route) => route.fulfill({ json: { state, row: row ?? null } }));
    await open(page);
    await field(page).fill("asked for");
    await page.keyboard.press("Enter");
    await expect(own(page, "asked for").locator("p")).toHaveText(says);
    if (state !== "expired") {
      await page.emulateMedia({ forcedColors: "active" }); // would take the mark away
      expect(await own(page, "asked for").locator(".mark").evaluate((it) => getComputedStyle(it).forcedColorAdjust)).toBe("none");
    }
    await expect(page.locator("#own-says")).toContainText(`asked for: ${says}`);
  });
}

test("a word that is blocked is told to whoever sent it, and to nobody else", async ({ page, request }) => {
  await open(page);
  const text = unique(`how ${BLOCKED_WORD} of me`);
  await field(page).fill(text);
  await page.keyboard.press("Enter");
  await expect(own(page, text).locator("p")).toHaveText(/^Arrived, but not shown/);
  const { bullets } = await (await request.get("/feed?limit=500")).json();
  expect(bullets.map((bullet) => bullet.message)).not.toContain(text);
});

test("screen readers hear of each state, and of the page's own troubles apart", async ({ page }) => {
  await open(page);
  const text = unique("spoken");
  await field(page).fill(text);
  await page.keyboard.press("Enter");
  await expect(page.locator("#own-says")).toContainText(new RegExp(`${text}: (On|Was on) the wall`));
  await expect(page.locator("#announcer")).toBeEmpty();
  expect(await page.locator("[aria-live=polite]").count()).toBe(2);
});

for (const media of [{}, { colorScheme: "light" }, { forcedColors: "active" }, { reducedMotion: "reduce" }]) {
  test(`axe finds nothing with ${JSON.stringify(media)}, and each state has a mark`, async ({ page }) => {
    await page.emulateMedia(media);
    await page.setViewportSize(PHONE);
    await open(page);
    const text = unique("seen");
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await isOnWall(page, text);
    await expectNoFindings(page);
    const shape = own(page, text).locator(".shape");
    const [mark, ground] = await shape.evaluate((it) => [it, document.body].map((node) => getComputedStyle(node).backgroundColor));
    expect(mark).not.toBe(ground);
    if (media.reducedMotion) {
      await expect(page.locator("#sky")).toBeHidden();
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    }
  });
}
