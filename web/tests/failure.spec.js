// When a part is down: people see it, nothing is lost or shown twice, and it recovers by itself.

import { changeReplies, ended, expect, expectNoFindings, fill, flown, forward, message, sendButton, test, unique } from "./support/page.js";
import { pidOf, pidsOf } from "./support/stack.js";

const data = () => process.env.BARRAGE_DATA;

test("a burst ends with Done although the router is killed in the middle of it", async ({ page }) => {
  await page.goto("/");
  const text = unique("router killed");
  await fill(page, { message: text, concurrency: 5, duration: 5, rate: 10 });
  await sendButton(page).click();
  await expect(page.locator("#sky .bullet", { hasText: text }).first()).toBeVisible();
  process.kill(pidOf(data(), "event-router"), "SIGKILL");
  const { accepted, stored } = await ended(page, "Done");
  expect(accepted).toBeGreaterThan(0);
  expect(stored).toBe(accepted);
  await expect.poll(() => flown(page, text)).toBe(accepted);
});

test.describe("a homepage that stops answering", () => {
  test.use({ expectsFailedRequests: true });

  test("is told of, and the page resumes without a bullet lost or shown twice", async ({ page, request }) => {
    await page.goto("/");
    await expect(page.locator("#pill")).toHaveText("Live");
    const texts = Array.from({ length: 6 }, (_, i) => unique(`across ${i}`));
    for (const text of texts.slice(0, 3)) await message(request, text);
    await expect.poll(() => flown(page, texts[2])).toBe(1);

    const homepage = pidOf(data(), "homepage");
    process.kill(homepage, "SIGSTOP");
    try {
      await expect(page.getByRole("alert")).toHaveText("Cannot reach the server.", { timeout: 20_000 });
      await expect(page.locator("#pill")).toHaveText("Offline");
      await expect(sendButton(page)).toHaveAttribute("aria-disabled", "true");
      await expect(page.locator("#strip-line")).toContainText("Sending is off");
      await expectNoFindings(page);
      await page.getByRole("button", { name: "Retry now" }).click();
    } finally {
      process.kill(homepage, "SIGCONT");
    }

    await expect(page.locator("#pill")).toHaveText("Live");
    await expect(page.getByRole("alert")).toHaveCount(0);
    await expect(sendButton(page)).toHaveAttribute("aria-disabled", "false");
    for (const text of texts.slice(3)) await message(request, text);
    for (const text of texts) await expect.poll(() => flown(page, text), text).toBe(1);
  });
});

test.describe("a request that gets lost while the page loads", () => {
  for (const path of ["/", "/stage"]) {
    test(`leaves ${path} without its pipeline until the page has loaded itself again`, async ({ browser }) => {
      const { page, asked } = await lacking(browser, path);
      const pipeline = page.locator("body[data-screen]");
      await expect(pipeline).toHaveCount(0);
      await forward(page, 11_000, (options) => expect(pipeline).toBeAttached(options));
      expect(asked()).toBe(2);
      await close(page);
    });
  }

  test("takes nothing away that was typed", async ({ browser }) => {
    const { page, replies } = await lacking(browser, "/");
    await fill(page, { message: "typed" });
    for (let i = 0; i < 3; i += 1) {
      const before = replies();
      await page.clock.fastForward(11_000);
      await expect.poll(replies).toBeGreaterThan(before + 1);
    }
    await expect(page.locator("#message")).toHaveValue("typed");
    await expect(page.locator("body[data-screen]")).toHaveCount(0);
    await close(page);
  });
});

/** A page whose pipeline has lost one of its modules, once; the tests' own page would fail for the warning. */
async function lacking(browser, path) {
  let [asked, replies] = [0, 0];
  const page = await browser.newPage({ baseURL: process.env.BARRAGE_URL });
  await page.clock.install();
  await changeReplies(page, (reply) => {
    replies += 1;
    return { ...reply, poll_after_ms: 100 };
  });
  await page.route("**/pipeline/sentence.js", (route) => {
    asked += 1;
    return asked === 1 ? route.abort() : route.fallback();
  });
  await page.goto(path);
  await expect(page.locator("#pill[data-state=live]")).toBeAttached();
  await expect.poll(() => asked).toBe(1);
  return { page, asked: () => asked, replies: () => replies };
}

async function close(page) {
  await page.unrouteAll({ behavior: "ignoreErrors" }); // a poll may be under way
  await page.context().close();
}

test("while processors stand still the page says how many messages wait, until all are done", async ({
  page,
}) => {
  await page.goto("/");
  await fill(page, { message: unique("held up"), concurrency: 20, duration: 10, rate: 10 });
  await sendButton(page).click();
  await expect(page.locator("#sky .bullet").first()).toBeVisible();
  const processors = pidsOf(data(), "message-processor");
  processors.forEach((pid) => process.kill(pid, "SIGSTOP"));
  try {
    const banner = page.locator("#banners");
    await expect(banner).toContainText(/Kafka has accepted [\d\u202f]+ messages, [\d\u202f]+ are waiting/, {
      timeout: 30_000,
    });
    await expect(banner).toContainText(/Nothing has been processed for \d+ s\.|reaches no message-processor/);
    await expect(page.locator("#pill")).toHaveText("Live, behind");
    await expect(page.locator("#legend .silent").first()).toBeVisible();
    await expectNoFindings(page);
  } finally {
    processors.forEach((pid) => process.kill(pid, "SIGCONT"));
  }
  const { accepted, stored } = await ended(page, "Done");
  expect(stored).toBe(accepted);
  await expect(page.locator("#banners")).toBeEmpty();
  await expect(page.locator("#pill")).toHaveText("Live");
});

for (const [name, waiting, part] of [
  ["messages wait for a router", 524, "event-router"],
  ["messages wait and all parts answer", 1, undefined],
  ["Kafka takes none", 0, "kafka"],
]) {
  test(`the empty wall does not ask for the first message while ${name}`, async ({ page }) => {
    let isNow = true;
    await page.clock.install();
    await changeReplies(page, (reply) => {
      const problems = part ? [{ part, since: new Date().toISOString(), text: "" }] : [];
      const now = isNow ? { totals: { ...reply.totals, waiting }, problems } : { problems: [] };
      return { ...reply, poll_after_ms: 100, bullets: [], passed: 0, ...now };
    });
    await page.goto("/");
    const invitation = page.getByRole("heading", { name: "The wall is quiet." });
    await expect(page.locator("#pill[data-state=live], #pill[data-state=behind]")).toBeAttached();
    await expect(invitation).toBeHidden();
    isNow = false;
    await forward(page, 20_000, (options) => expect(invitation).toBeVisible(options));
  });
}

test("a processor is not said to have stopped while messages wait for another part", async ({ page }) => {
  let [processors, parts] = [["message-processor-1"], []];
  await changeReplies(page, (reply) => {
    const problems = parts.map((part) => ({ part, since: new Date().toISOString(), text: "" }));
    const totals = { ...reply.totals, waiting: 524 };
    return { ...reply, poll_after_ms: 100, totals, processors, slots: { "message-processor-1": 1 }, problems };
  });
  await page.goto("/");
  const item = page.locator(".legend-item");
  await expect(item).toHaveText("processor-1");
  [processors, parts] = [[], ["event-router"]];
  await expect(page.locator("#banners")).toContainText("No event-router reads the messages.");
  await expect(item).toHaveText("processor-1idle");
  await expect(item.locator(".silent")).toHaveCount(0);
  parts = ["processors"];
  await expect(item).toHaveText("processor-1stopped");
  await expect(item.locator(".silent")).toHaveText("processor-1");
});

test("a reply that leaves messages out is called a sample, of how many", async ({ page, request }) => {
  await changeReplies(page, (reply, isFirst) => {
    const bullets = reply.bullets.slice(-1);
    return isFirst ? reply : { ...reply, bullets, passed: reply.passed + (bullets.length > 0 ? 40 : 0) };
  });
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live");
  await message(request, unique("one of many"));
  await expect(page.locator("#wall-note")).toHaveText("A sample: 1 of 41 messages.");
  await expect(page.locator("#sky .fold")).toHaveText("+40 more");
  await expect(page.locator("[data-counter=shown]")).toHaveText("1"); // nobody could read the others
  await expect(page.locator("[data-counter=folded]")).toHaveText("40");
  await expect(page.locator("#wall-note")).toBeEmpty();
});

test("a part that is down is named, with what that means, and a backlog is counted", async ({ page }) => {
  let isDown = true;
  const problem = { part: "table", since: new Date().toISOString(), text: "The table does not answer." };
  await changeReplies(page, (reply) => {
    const totals = { ...reply.totals, waiting: 3100 };
    return isDown ? { ...reply, totals, processors: [], problems: [problem] } : reply;
  });
  await page.goto("/");
  const banners = page.locator("#banners");
  await expect(banners).toContainText("The table does not answer.");
  await expect(banners).toContainText("Accepted messages are safe in Kafka");
  await expect(banners).toContainText(/Kafka has accepted 3\u202f100 messages, 3\u202f100 are waiting/);
  await expect(page.locator("#pill")).toHaveText("Live, behind");
  isDown = false;
  await expect(banners).toBeEmpty();
  await expect(page.locator("#pill")).toHaveText("Live");
});

for (const [path, title, detail, number, note] of [
  ["/", "Kafka deleted 1\u202f200 messages that were not processed yet.", "Since 12:00:05.", "offset 42", "200 deleted"],
  ["/?lang=zh", "1\u202f200 条消息在处理前已被 Kafka 删除。", "自 12:00:05 起。", "offset 42", "200 条在处理前"],
  ["/stage", "Kafka deleted 1\u202f200 messages that were not processed yet.", "Since 12:00:05.", "offset 42"],
]) {
  test(`deleted messages and a partition that cannot be read are named on ${path}, with numbers`, async ({ page }) => {
    let expired = 1000;
    const at = new Date();
    at.setHours(12, 0, 5);
    const problems = [
      { part: "retention", since: new Date(), text: "Kafka has deleted messages." },
      { part: "partitions", since: new Date(), text: "Partition 3 cannot be read at offset 42: CRC." },
    ];
    await changeReplies(page, (reply) => {
      const totals = { ...reply.totals, expired, expired_since: at, waiting: 3100 };
      return { ...reply, totals, processors: [], problems: expired > 1000 ? problems : [] };
    });
    await page.goto(path);
    await expect(page.locator("#pill[data-state=live], #pill[data-state=behind]")).toBeAttached();
    expired = 1200;
    const banners = page.locator("#banners");
    await expect(banners).toContainText(title);
    await expect(banners).toContainText(detail);
    await expect(banners).toContainText(number);
    await expect(banners).toContainText("3\u202f100");
    await expect(banners).not.toContainText(/safe in Kafka|安全保存/);
    if (note) await expect(page.locator("[data-note]")).toContainText(note);
    await expectNoFindings(page);
  });
}

for (const [path, part, text, title, detail] of [
  ["/", "event-router", "No event-router.", "No event-router reads the messages.", "They wait safely in Kafka"],
  ["/", "processors", "The event-router reaches no one: refused.", "reaches no one: refused.", "Since 12:00:05."],
  ["/", "kafka", "Kafka is away.", "Kafka does not answer.", "keeps its messages for up to 60 s"],
  ["/", "table", "The table is away. They are safe in Kafka.", "The table does not answer.", "are safe in Kafka"],
  ["/?lang=zh", "event-router", "No event-router.", "没有路由在读取消息。", "消息安全保存在 Kafka 中"],
  ["/?lang=zh", "processors", "Refused.", "没有处理器能完成处理。", "Refused."],
]) {
  test(`one banner says that ${part} is down on ${path}, in one sentence that stays`, async ({ page }) => {
    const since = new Date();
    since.setHours(12, 0, 5);
    let replies = 0;
    await page.clock.install();
    await changeReplies(page, (reply) => {
      replies += 1;
      const totals = { ...reply.totals, waiting: 3 };
      return { ...reply, poll_after_ms: 100, totals, processors: [], problems: [{ part, since, text }] };
    });
    await page.goto(path);
    const banner = page.locator(".banner");
    await expect(banner).toContainText(title);
    await expect(banner).toContainText(detail);
    const said = await banner.textContent();
    expect(said.match(/safe(ly)? in Kafka/g) ?? []).toHaveLength(detail.includes("in Kafka") && path === "/" ? 1 : 0);
    for (const enough = replies + 10; replies <= enough; ) {
      const before = replies;
      await page.clock.fastForward(1000); // a sentence that counts seconds would change
      await expect.poll(() => replies, { intervals: [20] }).toBeGreaterThan(before);
    }
    await expect(banner).toHaveCount(1);
    await expect(banner).toHaveText(said);
    await expectNoFindings(page);
  });
}

for (const [path, heading, lines] of [
  ["/", "Events", ["An event-router was restarted, 0 messages lost", "The table was away for 3 s, 1 message lost"]],
  ["/?lang=zh", "事件", ["路由已重启，丢失 0 条消息", "数据表 中断 3 秒后恢复，丢失 1 条消息"]],
]) {
  test(`what was away and is back is listed on ${path}, the newest first`, async ({ page }) => {
    const at = (seconds) => new Date(2026, 10, 28, 12, 0, seconds);
    const table = { at: at(5), part: "table", kind: "away", seconds: 3, lost: 1, text: "table" };
    const router = { at: at(9), part: "event-router", kind: "restarted", seconds: null, lost: 0, text: "router" };
    await changeReplies(page, (reply) => ({ ...reply, events: [table, router] }));
    await page.goto(path);
    const log = page.locator("#events");
    await expect(log.getByRole("heading")).toHaveText(heading);
    await expect(log.getByRole("listitem")).toHaveText([`12:00:09 ${lines[0]}`, `12:00:05 ${lines[1]}`]);
    await expectNoFindings(page);
  });
}

test("a router that is killed and back at once leaves a line", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live");
  const lines = page.locator("#events li", { hasText: "An event-router was restarted, 0 messages lost" });
  const newest = async () => ((await lines.count()) > 0 ? lines.first().textContent() : "");
  const before = await newest();
  // The homepage reads the members every two seconds. It must have read those of before.
  await expect(async () => {
    process.kill(pidOf(data(), "event-router"), "SIGKILL");
    await expect.poll(newest, { timeout: 15_000 }).not.toBe(before);
  }).toPass({ timeout: 40_000 });
});

test("how many messages of a burst Kafka deleted is said while it drains and at its end", async ({ page }) => {
  let state = "draining";
  await page.route("**/bursts/*", async (route) => {
    const response = await route.fetch();
    const burst = await response.json();
    const numbers = { accepted: 20, stored: 12, blocked: 0, failed: 0, expired: state === "done" ? 8 : 5 };
    return route.fulfill({ response, json: { ...burst, ...numbers, state } });
  });
  await page.goto("/");
  await fill(page, { message: unique("deleted"), concurrency: 1, duration: 1, rate: 1 });
  await sendButton(page).click();
  await expect(page.locator("#strip-burst")).toContainText(
    "3 of 20 are still on their way. 5 deleted by Kafka before processing.",
  );
  state = "done";
  const line = page.locator("#strip-line");
  await expect(line).toContainText("Done: 20 accepted, 12 stored, 8 deleted by Kafka before processing");
});

test("the silence of processors is counted only while something waits", async ({ page }) => {
  let waiting = 0;
  let processors = [];
  await changeReplies(page, (reply) => ({ ...reply, totals: { ...reply.totals, waiting }, processors }));
  await page.clock.install();
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live");
  await page.clock.fastForward(5000); // idle time, which must not count
  waiting = 3100;
  const banners = page.locator("#banners");
  await expect(banners).toContainText(/Nothing has been processed for [1-4] s\./);
  processors = ["one"];
  await expect(banners).toContainText("Processors are busy. 1 is running");
  processors = [];
  await expect(banners).toContainText(/Nothing has been processed for 1\d s\./);
  waiting = 0;
  await expect(banners).toBeEmpty();
});

for (const [status, contentType] of [
  [400, "application/problem+json"],
  [410, "application/json"],
  [414, "text/html"],
  [431, "text/html"],
]) {
  test.describe(`a cursor that is refused with ${status}`, () => {
    test.use({ expectsFailedRequests: true });

    test(`makes the page start again from the newest, and is no failure`, async ({ page, request }) => {
      let refused = 0;
      await page.route("**/feed?*after=*", async (route) => {
        refused += 1;
        if (refused > 3) return route.continue();
        return route.fulfill({ status, contentType, body: "<html>Request-URI Too Large" });
      });
      await watchPill(page);
      await page.goto("/");
      await expect(page.locator("#pill")).toHaveText("Live");
      const text = unique(`refused with ${status}`);
      await message(request, text);
      await expect.poll(() => flown(page, text)).toBe(1);
      await message(request, unique("news")); // a request that waits is answered
      await expect.poll(() => refused).toBeGreaterThan(4);
      expect(await flown(page, text)).toBe(1);
      expect(await page.evaluate(() => window.pills)).not.toContain("Offline");
    });
  });
}

/** Notes every text of the pill from the page's start on. */
async function watchPill(page) {
  await page.addInitScript(() => {
    window.pills = [];
    document.addEventListener("DOMContentLoaded", () => {
      const pill = document.getElementById("pill");
      const note = () => window.pills.push(pill.textContent.trim());
      new MutationObserver(note).observe(pill, { childList: true, subtree: true, characterData: true });
    });
  });
}

test("two sources that number their messages 1, 2, 3 show six bullets", async ({ page }) => {
  const text = unique("numbered");
  let isSent = false;
  await changeReplies(page, (reply, isFirst) => {
    const now = reply.now;
    const bullets = [0, 1].flatMap((partition) =>
      [1, 2, 3].map((n) => ({
        ...{ id: String(n), message: text, burst: `source ${partition}`, sender: 1, seq: n, processor: "p" },
        ...{ partition, offset: 1e9 + n, sent_at: now, received_at: now, stored_at: now, trace: "" },
      })),
    );
    const sent = isFirst || isSent ? {} : { bullets, passed: 6 };
    isSent ||= !isFirst;
    return { ...reply, ...sent };
  });
  await page.goto("/");
  await expect.poll(() => flown(page, text)).toBe(6);
});

test("a page that nobody sees does not poll, and catches up when it is seen again", async ({
  page,
  request,
}) => {
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live");
  const show = (state) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "visibilityState", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await show("hidden");
  let polls = 0;
  page.on("request", (sent) => (polls += sent.url().includes("/feed") ? 1 : 0));
  const text = unique("while away");
  await message(request, text);
  const feed = async () => (await (await request.get("/feed?limit=50")).json()).bullets;
  await expect.poll(async () => (await feed()).some((bullet) => bullet.message === text)).toBe(true);
  expect(polls).toBe(0);
  await show("visible");
  await expect.poll(() => flown(page, text)).toBe(1);
});
