// What a visit costs: the bytes of the first load, and that nothing jumps while it goes on.

import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";

import { ended, expect, fill, sendButton, test, unique } from "./support/page.js";
import { pidOf } from "./support/stack.js";

const MOST_BYTES = 60_000;
const MOST_ROWS = 20;

/** Answers to these paths are data. */
const DATA = ["/feed", "/pipeline", "/demo"];
/** What draws the pipeline, of the page's own files. */
const PIPELINE = /^\/static\/\w+\/(style\.js|pipeline\/|translations\/pipeline-|desk\.css)/;

for (const path of ["/", "/?lang=zh", "/stage"]) {
  test(`the first load of ${path} is at most ${MOST_BYTES} bytes, from this host alone`, async ({ page, request }) => {
    await listed(request);
    await compressed(request, path);
    const hosts = new Set();
    page.on("request", (asked) => hosts.add(new URL(asked.url()).origin));
    await page.addInitScript(() => requestAnimationFrame((at) => (window.firstFrameAt = at)));
    await page.goto(path);
    await expect(page.locator("#pill[data-state=live]")).toBeAttached();
    await expect(page.locator("body[data-screen]")).toBeAttached(); // the pipeline has come
    const files = await loaded(page);
    const later = files.filter((it) => PIPELINE.test(it.path));
    expect(later.length).toBeGreaterThan(10);
    expect(later.filter(({ isLater }) => !isLater)).toEqual([]);
    const first = files.filter((it) => !later.includes(it));
    expect(first.map((it) => it.path).filter((it) => it.includes("/feed/")).length).toBeGreaterThan(3); // its scripts count
    const size = first.reduce((sum, it) => sum + it.size, 0);
    console.log(`the first load of ${path} is ${size} bytes`);
    expect(size).toBeLessThan(MOST_BYTES);
    expect([...hosts]).toEqual([new URL(page.url()).origin]);
  });
}

const MOST_BYTES_OF_GUESTS = 45_000;

for (const path of ["/join", "/join?lang=zh"]) {
  test(`all of ${path}, with its wall, is at most ${MOST_BYTES_OF_GUESTS} bytes`, async ({ page, request }) => {
    await listed(request);
    await compressed(request, "/");
    await page.setViewportSize({ width: 390, height: 844 });
    const wall = page.waitForResponse(/\/wall\/wall\.js$/);
    await page.goto(path);
    await expect(page.locator("#pill[data-state=live]")).toBeAttached();
    await evaluated(page, (await wall).url());
    const files = await loaded(page);
    expect(files.map((it) => it.path).filter((it) => /pipeline|vendor/.test(it))).toEqual([]);
    const size = files.reduce((sum, it) => sum + it.size, 0);
    console.log(`${path} is ${size} bytes`);
    expect(size).toBeLessThan(MOST_BYTES_OF_GUESTS);
  });
}

test("on a low screen the guest's page does not load the wall that it has no room for", async ({ page }) => {
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.setViewportSize({ width: 320, height: 568 });
  await page.goto("/join");
  await expect(page.locator("#pill[data-state=live]")).toBeAttached();
  await expect.poll(() => asked.filter((path) => path === "/feed").length).toBeGreaterThan(2); // long after the first frame
  const walls = () => asked.filter((path) => path.endsWith("/wall/wall.js")).length;
  expect(walls()).toBe(0);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect.poll(walls).toBe(1);
});

/** Waits until a module has come with all that it imports, which the browser asks for only after it. */
const evaluated = (page, url) => page.evaluate(`import(${JSON.stringify(url)}).then(() => undefined)`);

/** What the page has loaded, without data. */
async function loaded(page) {
  const all = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map(
      ({ name, encodedBodySize, startTime }) => ({ path: new URL(name).pathname, size: encodedBodySize, isLater: startTime > window.firstFrameAt }),
    ),
  );
  return all.filter((it) => !DATA.includes(it.path));
}

/** Fills the table for people without JavaScript, which is part of the page. */
async function listed(request) {
  const rows = async () => (await (await request.get("/")).text()).split('<td class="list-message">').length - 1;
  const data = { message: unique("a message of the table"), concurrency: MOST_ROWS, duration: 1, rate: 1 };
  expect((await request.post("/bursts", { data })).status()).toBe(202);
  await expect.poll(rows).toBe(MOST_ROWS);
}

/** In its first moments a homepage compresses its files. The last one by name is the last. */
async function compressed(request, path) {
  const html = await (await request.get(path)).text();
  const [last] = /\/static\/\w+\/wall\/wall\.js/.exec(html);
  const encoding = async () => (await request.get(last, { headers: { "accept-encoding": "br" } })).headers()["content-encoding"];
  await expect.poll(encoding).toBe("br");
}

test("the controls and their style are loaded only where they are allowed", async ({ page }) => {
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const desk = () => asked.filter((url) => /desk/.test(url)).length;
  await page.goto("/");
  await expect.poll(desk).toBe(2); // from this machine, the demo lets itself be driven
  await page.route("**/*", async (route) => {
    if (!route.request().isNavigationRequest()) return route.fallback();
    const response = await route.fetch();
    return route.fulfill({ response, body: (await response.text()).replace(" data-controls", "") });
  });
  asked.length = 0;
  await page.goto("/");
  await expect(page.locator(".chart .line-out")).toBeAttached();
  expect(desk()).toBe(0);
});

test("nothing jumps from the empty page to the end of a burst", async ({ page }) => {
  await page.addInitScript(watchShifts);
  await page.goto("/");
  await fill(page, { message: unique("steady"), concurrency: 5, duration: 3, rate: 10 });
  await sendButton(page).click();
  await expect(page.locator("[data-burst=stored]")).not.toHaveText("0");
  const router = pidOf(process.env.BARRAGE_DATA, "event-router");
  process.kill(router, "SIGSTOP");
  try {
    await expect(page.locator("#strip-burst")).toContainText("still on their way");
  } finally {
    process.kill(router, "SIGCONT");
  }
  await ended(page, "Done");
  expect(await page.evaluate(() => window.shifts)).toEqual([]);
});

for (const path of ["/", "/stage"]) {
  test(`nothing jumps while ${path} arrives in pieces`, async ({ page }) => {
    await page.addInitScript(watchShifts);
    const { url, stop } = await serveInPieces(path);
    try {
      await page.goto(url + path);
      await expect(page.locator("#pill[data-state=live]")).toBeAttached();
      await expect(page.locator(".chart")).toBeAttached(); // the last that is loaded
      expect(await page.evaluate(() => window.shifts)).toEqual([]);
    } finally {
      await page.evaluate(() => window.dispatchEvent(new Event("pagehide"))); // it polls no server that is gone
      await stop();
    }
  });
}

/** Runs in the page before its own scripts: notes each unexpected layout shift. */
function watchShifts() {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      // A unit moves with the digits of its number.
      const others = sources.filter(({ node }) => !node?.parentElement?.closest("#pipe"));
      const nodes = others.map(({ node }) => node?.className ?? node?.nodeName);
      if (nodes.length > 0 && value > 0.001) window.shifts.push({ value, nodes });
    }
  }).observe({ type: "layout-shift", buffered: true });
}

/** A server in front of ours that sends `path` slowly, with a pause after each section. */
async function serveInPieces(path) {
  const server = createServer(async (asked, answer) => {
    const response = await fetch(process.env.BARRAGE_URL + asked.url);
    const body = Buffer.from(await response.arrayBuffer());
    answer.writeHead(response.status, { "content-type": response.headers.get("content-type") });
    const pieces = asked.url === path ? body.toString().split(/(?<=<\/(?:header|section|main)>)/) : [body];
    for (const piece of pieces) {
      answer.write(piece);
      await setTimeout(pieces.length > 1 ? 300 : 0);
    }
    answer.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const stop = () => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}
