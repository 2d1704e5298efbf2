// The guest's page in a room as rooms are: refusals, login pages, lost answers, locked phones, reloads, two tabs. Nothing
// is sent twice and nothing typed is lost.

import { countPosts, field, go, isLive, isOnWall, open, own, take } from "./support/guest.js";
import { expect, expectNoFindings, hold, message, test, unique } from "./support/page.js";
import { crowd } from "./support/room.js";
import { pidOf } from "./support/stack.js";

const PHONE = { width: 390, height: 844 };
const LOGIN = { status: 200, contentType: "text/html", body: "<html>Please log in</html>" };
const BUSY = { status: 429, headers: { "retry-after": "1" }, json: { title: "Too Many Requests" } };
const traceOf = (route) => route.request().headers().traceparent.split("-")[1];

test.describe("a server or a network that refuses", () => {
  test.use({ expectsFailedRequests: true });

  test("a 429 is said in words, obeyed, and the message goes by itself, once", async ({ page }) => {
    const text = unique("kept through 429");
    const at = [];
    const posts = await countPosts(page, (route, n) => {
      at.push(Date.now());
      if (n > 1) return route.continue();
      return route.fulfill({ status: 429, headers: { "retry-after": "2" }, json: { title: "Too Many Requests" } });
    });
    await page.clock.install();
    await open(page);
    await hold(page);
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await expect(page.locator("#note")).toHaveText("Too many messages are being sent now. Yours is kept and goes then.");
    await expect(own(page, text).locator("p")).toHaveText(/^Goes in [123] s$/);
    await page.clock.resume();
    await isOnWall(page, text);
    expect(at[1] - at[0]).toBeGreaterThanOrEqual(2000);
    expect(posts.length).toBe(2);
    await expect(page.locator("#note")).toHaveText("Everybody in the room can read it.");
  });

  test("a room that stays full is told, and a press sends the message again", async ({ page }) => {
    const text = unique("again");
    let isFull = true;
    const posts = await countPosts(page, (route, n) => {
      const retryAfter = n < 4 ? "1" : "60"; // the last pause is longer than what the test looks at
      return isFull ? route.fulfill({ ...BUSY, headers: { "retry-after": retryAfter } }) : route.continue();
    });
    await page.clock.install();
    await open(page);
    await hold(page);
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await expect(own(page, text).locator("p")).toHaveText(/^Goes in/);
    await page.clock.fastForward(2000);
    await expect.poll(() => posts.length).toBe(2);
    await expect(own(page, text).locator("p")).toHaveText(/^Goes in/);
    await page.clock.fastForward(113_000);
    await expect.poll(() => posts.length).toBe(3);
    await expect(own(page, text).locator("p")).toHaveText(/^Goes in/);
    await page.clock.fastForward(10_000);
    await expect(own(page, text).locator("p")).toHaveText("Could not be sent: too many messages were being sent");
    await expect(page.locator("#note")).toHaveText("Everybody in the room can read it.");
    expect(posts.length).toBe(4);
    await page.clock.resume();
    await expectNoFindings(page);
    isFull = false;
    await own(page, text).getByRole("button").click();
    await expect(own(page, text).locator("p")).toHaveText(/^Goes in/); // the server's last pause is obeyed
    await page.clock.fastForward(60_000);
    await isOnWall(page, text);
    expect(posts.length).toBe(5);
  });

  test("a message that the feed brings while it is sent again is not sent a third time", async ({ page }) => {
    const room = await crowd(page, { perSecond: 0 });
    const text = unique("twice");
    const posts = await countPosts(page, async (route, n) => {
      if (n === 1) return route.abort();
      room.say({ message: text, trace: traceOf(route) });
      await isOnWall(page, text);
      return route.fulfill({ ...BUSY, headers: { "retry-after": "5" } });
    });
    await open(page);
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await own(page, text).getByRole("button", { name: "Try again" }).click();
    await expect(go(page)).toHaveText(/^Send again in/);
    await expect(go(page)).toHaveText("Send"); // the pause is over
    for (let i = 0; i < 2; i += 1) await page.waitForRequest("**/feed?*");
    await isOnWall(page, text);
    expect(posts.length).toBe(2);
    await expect(page.locator("#own li")).toHaveCount(1);
  });

  test("a pause is a minute at most, whatever a proxy or a wrong clock says, and it passes", async ({ page }) => {
    await countPosts(page, (route) => route.fulfill({ ...BUSY, headers: { "retry-after": "3600" } }));
    await page.addInitScript(() => localStorage.setItem("barrage.open-at /", String(Date.now() + 1e9)));
    await page.clock.install();
    await open(page);
    await expect(go(page)).toHaveText("Send");
    await hold(page);
    await field(page).fill("an hour?");
    await page.keyboard.press("Enter");
    await expect(go(page)).toHaveText(/^Send again in (60|59) s$/);
    expect(await page.evaluate(() => Number(localStorage.getItem("barrage.open-at /")) - Date.now())).toBeLessThanOrEqual(60_000);
    await page.clock.fastForward(20_000);
    await expect(go(page)).toHaveText(/^Send again in (3\d|40) s$/);
  });

  test("why a message waits is no longer said when it waits no more", async ({ page }) => {
    await countPosts(page, (route, n) => {
      if (n > 1) return route.abort();
      return route.fulfill({ ...BUSY, status: 503, json: { title: "Service Unavailable" } });
    });
    await page.clock.install();
    await open(page);
    await hold(page);
    await field(page).fill("kept, then unknown");
    await page.keyboard.press("Enter");
    await expect(page.locator("#note")).toHaveText(/^Kafka does not accept messages now/);
    await page.clock.resume();
    await expect(own(page, "kept, then").locator("p")).toHaveText("The server did not answer: it may have been sent");
    await expect(own(page, "kept, then").locator(".mark.ask")).toBeVisible();
    await expect(page.locator("#note")).toHaveText("Everybody in the room can read it.");
  });

  test("what a firewall refuses can be mended, and nothing typed is lost", async ({ page }) => {
    const long = "a long text that wraps ".repeat(4).trim();
    await countPosts(page, (route) => route.fulfill({ status: 403, body: "no" }));
    await open(page);
    await field(page).fill(long);
    await page.keyboard.press("Enter");
    await expect(own(page, "a long text").locator("p")).toHaveText("Refused: the server refused it (403)");
    expect(await own(page, "a long text").locator("b").evaluate((it) => it.scrollWidth <= it.clientWidth)).toBe(true);
    await field(page).fill("more");
    await own(page, "a long text").getByRole("button", { name: "Edit" }).dblclick();
    await expect(field(page)).toHaveValue(`${long} more`); // once
    await expect(field(page)).toBeFocused();
  });

  for (const [name, portal] of Object.entries({
    "a login page": (route) => route.fulfill(LOGIN),
    "a redirect": (route) => route.fulfill({ status: 302, headers: { location: "http://login.invalid/" } }),
    "Network Authentication Required": (route) => route.fulfill({ ...LOGIN, status: 511 }),
  })) {
    test(`${name} in between loses nothing and sends nothing twice`, async ({ page }) => {
      let isPortal = false;
      const through = (route) => (isPortal ? portal(route) : route.continue());
      await page.route("**/feed?*", through);
      await open(page);
      const posts = await countPosts(page, through);
      isPortal = true;
      const text = unique("through the portal");
      await field(page).fill(text);
      await page.keyboard.press("Enter");
      await expect(page.locator("#note")).toHaveText(/^This network answers with a page of its own\./);
      await field(page).fill("a draft");
      await expect(page.locator("#pill")).toHaveText("Offline");
      await expect(own(page, text).locator("p")).toHaveText("Goes when this page is live again");
      isPortal = false;
      await isOnWall(page, text);
      await isLive(page);
      await expect(field(page)).toHaveValue("a draft");
      const got = posts.length;
      await page.waitForRequest("**/feed?*"); // some time later
      expect(posts.length).toBe(got);
      await expect.poll(() => stored(page, text)).toBe(1);
    });
  }

  test("an answer that gets lost is no second message: the page finds its own in the feed", async ({ page }) => {
    const text = unique("lost answer");
    const posts = await countPosts(page, async (route) => {
      await route.fetch();
      return route.abort();
    });
    await open(page);
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await isOnWall(page, text);
    expect(posts.length).toBe(1);
  });

  test("an answer of which nothing is known is told, and only a person sends again", async ({ page }) => {
    const text = unique("nothing known");
    const posts = await countPosts(page, (route, n) => (n === 1 ? route.abort() : route.continue()));
    await open(page);
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await expect(own(page, text).locator("p")).toHaveText("The server did not answer: it may have been sent");
    await page.waitForResponse("**/feed?*");
    expect(posts.length).toBe(1);
    await own(page, text).getByRole("button", { name: "Try again" }).click();
    await isOnWall(page, text);
    expect(posts.length).toBe(2);
  });

  for (const [name, problem, says, again] of [
    ["that surely has not sent it", {}, /^Goes in \d s$/, true],
    ["that may have sent it", { may_have_been_sent: true }, "The server did not answer: it may have been sent", false],
  ]) {
    test(`a 503 ${name} is told apart`, async ({ page }) => {
      const text = unique("kafka");
      const posts = await countPosts(page, (route, n) => {
        if (n > 1) return route.continue();
        return route.fulfill({ status: 503, headers: { "retry-after": "2" }, json: { title: "Service Unavailable", ...problem } });
      });
      await open(page);
      await field(page).fill(text);
      await page.keyboard.press("Enter");
      await expect(own(page, text).locator("p")).toHaveText(says);
      if (again) await isOnWall(page, text);
      expect(posts.length).toBe(again ? 2 : 1);
    });
  }

  test("without a connection that is said, what is sent is kept, and goes once it is back", async ({ page }) => {
    let isAway = false;
    await page.route("**/feed?*", (route) => (isAway ? route.abort() : route.continue()));
    const posts = await countPosts(page);
    await open(page);
    isAway = true;
    await expect(page.locator("#note")).toHaveText("No connection. What you type is kept.");
    await expect(page.locator("#pill")).toHaveText("Offline");
    await expectNoFindings(page);
    const text = unique("from a dead spot");
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await expect(own(page, text).locator("p")).toHaveText("Goes when this page is live again");
    expect(posts.length).toBe(0);
    isAway = false;
    await isOnWall(page, text);
    expect(posts.length).toBe(1);
  });
});

/** The server takes the message, and its pause is so long that it is not over before the test has looked. */
async function longPause(route) {
  const response = await route.fetch();
  return route.fulfill({ response, json: { ...(await response.json()), cooldown_ms: 10_000 } });
}

/** How many rows of this text the newest bullets have. */
async function stored(page, text) {
  const { bullets } = await (await page.request.get("/feed?limit=500")).json();
  return bullets.filter((bullet) => bullet.message === text).length;
}

test("a phone that was locked while others wrote finds its own message, and sends nothing again", async ({ page, request }) => {
  const posts = await countPosts(page);
  await open(page);
  const text = unique("before the lock");
  await field(page).fill(text);
  await page.keyboard.press("Enter");
  await expect(own(page, text)).toBeVisible();
  await field(page).fill("a draft");
  await look(page, "hidden");
  for (let i = 0; i < 30; i += 1) await message(request, unique(`meanwhile ${i}`));
  await look(page, "visible");
  await isOnWall(page, text);
  await expect(field(page)).toHaveValue("a draft");
  expect(posts.length).toBe(1);
});

test("after a longer lock nothing is said to be folded that was not", async ({ page }) => {
  const room = await crowd(page, { perSecond: 0 });
  const traces = [];
  await page.setViewportSize(PHONE);
  await page.route("**/messages", (route) => {
    traces.push(traceOf(route));
    return route.fulfill({ status: 202, json: { id: `made-up-${traces.length}`, partition: 0, offset: 1e9, cooldown_ms: 0 } });
  });
  const row = { verdict: "ok", processor: "message-processor-1", sent_at: 1000, stored_at: 1600 };
  let state = "waiting";
  await page.route("**/messages/*/*", (route) => route.fulfill({ json: { state, row: state === "stored" ? row : null } }));
  const wall = page.waitForResponse(/\/wall\/wall\.js$/); // it comes after the page, and only a wall can fold
  await open(page);
  await (await wall).finished();
  await field(page).fill("seen by the room");
  await page.keyboard.press("Enter");
  await expect(own(page, "seen by").locator("p")).toHaveText("Waiting in Kafka");
  await look(page, "hidden");
  room.say({ message: "seen by the room", trace: traces[0], stored_at: Date.now() - 4000, sent_at: Date.now() - 4600 });
  await look(page, "visible");
  await expect(own(page, "seen by").locator("p")).toHaveText(/^Was on the wall after 0\.6 s, processor \d$/);
  await expect(page.locator("#sky .fold")).toBeAttached(); // the small wall had no place for it
  await expect(own(page, "seen by").locator("p")).toHaveText(/^Was on the wall after 0\.6 s, processor \d$/);

  await field(page).fill("left out by the feed");
  await page.keyboard.press("Enter");
  await expect(own(page, "left out").locator("p")).toHaveText("Waiting in Kafka");
  await look(page, "hidden");
  state = "stored";
  room.leaveOut(400);
  await look(page, "visible");
  await expect(own(page, "left out").locator("p")).toHaveText("In the list after 0.6 s, processor 1");
});

test("a list full of messages that are under way takes no more, and those of another version are left out", async ({ page }) => {
  await page.addInitScript(() => {
    const of = (i, state) => ({ text: `message ${i}`, name: "", state, trace: `t${i}`, id: `i${i}`, partition: 0, offset: i });
    const all = [of(0, "of another version"), ...Array.from({ length: 19 }, (_, i) => of(i + 1, "waiting")), of(20, "unsent")];
    sessionStorage.setItem("barrage.own /", JSON.stringify(all));
  });
  const posts = await take(page, 0);
  await open(page);
  await expect(page.locator("#own li")).toHaveCount(20);
  await field(page).fill("one more");
  await page.keyboard.press("Enter");
  await expect(page.locator("#note")).toHaveText("Your last messages are still under way. This one stays here.");
  await expect(field(page)).toHaveValue("one more");
  expect(posts).toEqual([]);
});

test("a double click on Send sends once and complains of nothing", async ({ page }) => {
  const posts = await take(page, 0);
  await open(page);
  await field(page).fill("once");
  await go(page).dblclick();
  await expect(own(page, "once")).toBeVisible();
  await expect(page.locator("#message-error")).toBeEmpty();
  expect(posts.length).toBe(1);
});

async function look(page, state) {
  await page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}

test("a reload keeps the messages, what was typed and the name, and sends nothing again", async ({ page }) => {
  const posts = await countPosts(page, longPause);
  await open(page);
  const text = unique("before the reload");
  await page.locator("#name").fill("Mei");
  await field(page).fill(text);
  await page.keyboard.press("Enter");
  await isOnWall(page, text);
  await field(page).fill("kept by the pause");
  await page.keyboard.press("Enter");
  await expect(own(page, "kept by the pause").locator("p")).toHaveText(/^Goes/);
  await field(page).fill("a draft");
  await page.reload();
  await isLive(page);
  await expect(own(page, text).locator("p")).toHaveText(/^Was on the wall after/);
  await expect(own(page, "kept by the pause").locator("p")).toHaveText("Not sent yet");
  await expect(field(page)).toHaveValue("a draft");
  await expect(page.locator("#name")).toHaveValue("Mei");
  await expect(go(page)).toHaveText("Send"); // the pause is over
  expect(posts.length).toBe(1);
});

test("a reload while a message waits asks the server what became of it", async ({ page }) => {
  await open(page);
  const text = unique("reloaded while it waits");
  await frozen("event-router", async () => {
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await expect(own(page, text).locator("p")).toHaveText(/^Waiting in Kafka/);
    await page.reload();
    await isLive(page);
    await expect(own(page, text).locator("p")).toHaveText(/^Waiting in Kafka/);
  });
  await expect(own(page, text).locator("p")).toHaveText(/wall|In the list after/);
});

async function frozen(service, during) {
  const pid = pidOf(process.env.BARRAGE_DATA, service);
  process.kill(pid, "SIGSTOP");
  try {
    await during();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

test("two tabs of a browser share their pause, and each finds its own messages", async ({ page, context }) => {
  await countPosts(page, longPause);
  await open(page);
  const other = await context.newPage();
  await open(other);
  const texts = [unique("first tab"), unique("second tab")];
  await field(page).fill(texts[0]);
  await page.keyboard.press("Enter");
  await expect(go(page)).toHaveText(/^Send again in/);
  await expect(go(other)).toHaveText(/^Send again in/);
  await field(other).fill(texts[1]);
  await other.keyboard.press("Enter");
  await isOnWall(page, texts[0]);
  await isOnWall(other, texts[1]);
  await expect(page.locator("#own li")).toHaveCount(1);
  await expect(other.locator("#own li")).toHaveCount(1);
});
