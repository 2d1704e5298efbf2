// The guest's page in a room as rooms are: refusals, login pages, lost answers, locked phones, reloads, two tabs. Nothing
// is sent twice and nothing typed is lost.

import { countPosts, field, go, isLive, isOnWall, open, own } from "./support/guest.js";
import { expect, expectNoFindings, message, test, unique } from "./support/page.js";
import { pidOf } from "./support/stack.js";

const LOGIN = { status: 200, contentType: "text/html", body: "<html>Please log in</html>" };

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
    await open(page);
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await expect(page.locator("#note")).toHaveText("Too many messages are being sent now. Yours is kept and goes then.");
    await expect(own(page, text).locator("p")).toHaveText(/^Goes in [123] s$/);
    await isOnWall(page, text);
    expect(at[1] - at[0]).toBeGreaterThanOrEqual(2000);
    expect(posts.length).toBe(2);
    await expect(page.locator("#note")).toHaveText("Everybody in the room can read it.");
  });

  test("a room that stays full is told, and a press sends the message again", async ({ page }) => {
    const text = unique("again");
    const posts = await countPosts(page, (route, n) => {
      if (n > 5) return route.continue();
      return route.fulfill({ status: 429, headers: { "retry-after": "1" }, json: { title: "Too Many Requests" } });
    });
    await open(page);
    await field(page).fill(text);
    await page.keyboard.press("Enter");
    await expect(own(page, text).locator("p")).toHaveText("Could not be sent: too many messages were being sent", { timeout: 30_000 });
    expect(posts.length).toBe(5);
    await expectNoFindings(page);
    await own(page, text).getByRole("button").click();
    await isOnWall(page, text);
    expect(posts.length).toBe(6);
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
      await expect(own(page, text).locator("p")).toHaveText(/^Goes /);
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

async function look(page, state) {
  await page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}

test("a reload keeps the messages, what was typed and the name, and sends nothing again", async ({ page }) => {
  const posts = await countPosts(page);
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
  await expect(own(page, text).locator("p")).toHaveText(/wall|Kept in the list after/);
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
