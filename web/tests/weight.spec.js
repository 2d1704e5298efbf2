// What a visit costs: the bytes of the first load, and that nothing jumps while it goes on.

import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";

import { ended, expect, fill, sendButton, test, unique } from "./support/page.js";
import { pidOf } from "./support/stack.js";

const MOST_BYTES = 60_000;

for (const path of ["/", "/?lang=zh", "/stage"]) {
  test(`the first load of ${path} is at most ${MOST_BYTES} bytes, from this host alone`, async ({ page }) => {
    const hosts = new Set();
    page.on("request", (request) => hosts.add(new URL(request.url()).origin));
    await page.goto(path);
    await expect(page.locator("#pill[data-state=live]")).toBeAttached();
    const bodies = await page.evaluate(() =>
      [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map(
        ({ name, encodedBodySize }) => ({ name, encodedBodySize }),
      ),
    );
    // Without what is data, and without the pipeline, which is loaded after the first paint.
    const ours = bodies.filter(({ name }) => !/\/feed|\/pipeline/.test(name));
    expect(ours.length).toBeGreaterThan(10);
    expect(ours.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)).toBeLessThan(MOST_BYTES);
    expect([...hosts]).toEqual([new URL(page.url()).origin]);
  });
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
