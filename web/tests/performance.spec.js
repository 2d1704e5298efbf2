// The page while 1,000 messages a second arrive: figures to read, and limits that must hold on any
// machine. For a longer run: PERFORMANCE_SECONDS=600 npm test -- performance

import { counter, expect, test, unique } from "./support/page.js";

const SECONDS = Number(process.env.PERFORMANCE_SECONDS ?? 30);
const MESSAGES_PER_SECOND = 1000;
const SENDERS = 100;
const LONGEST_BURST = 300;
/** How much the page may keep, in bytes: of a shorter run less. */
const MOST_HEAP = 8e6;
const MOST_HEAP_PER_SECOND = 8e6 / 60;

/** Two kinds of messages: one text that merges, and as many other texts as the wall has space for. */
const TEXTS = ["hello barrage", ...Array.from({ length: 9 }, (_, i) => `message ${i} of many`)];

test.describe.configure({ timeout: (SECONDS + 120) * 1000 });

for (const { name, path, viewport } of [
  { name: "the page at 1440 by 900", path: "/", viewport: { width: 1440, height: 900 } },
  { name: "the stage at 1920 by 1080", path: "/stage", viewport: { width: 1920, height: 1080 } },
]) {
  test.describe(name, () => {
    test.use({ viewport });
    test(`takes ${MESSAGES_PER_SECOND} messages a second for ${SECONDS} s`, async ({ page, request }) => {
      await page.goto(path);
      await expect(page.locator("#pill")).toHaveText("Live");
      const accepted = await counter(page, "accepted");
      const probe = await page.context().newCDPSession(page);
      const heapBefore = await heap(probe);
      const sending = send(request);
      await expect(page.locator("#sky .bullet").first()).toBeVisible();
      const figures = await page.evaluate(watch, SECONDS * 1000);
      await sending;
      figures.heapBefore = heapBefore;
      figures.heapAfter = await heap(probe);
      figures.arrived = (await counter(page, "accepted")) - accepted;
      console.log(report(name, figures));
      expect(figures.arrived).toBeGreaterThan(0);
      expect(figures.mostBullets).toBeLessThanOrEqual(170); // 160 fly, and a few that have landed wait for removal
      expect(figures.mostNodes).toBeLessThanOrEqual(900);
      expect(figures.heapAfter).toBeLessThan(heapBefore + Math.min(MOST_HEAP, SECONDS * MOST_HEAP_PER_SECOND));
      await expect.poll(() => counter(page, "waiting"), { timeout: 60_000 }).toBe(0);
    });
  });
}

/** A burst lasts five minutes at most: when one is over, the next follows. */
async function send(request) {
  const rate = MESSAGES_PER_SECOND / SENDERS;
  for (let rest = SECONDS; rest > 0; rest -= LONGEST_BURST) {
    const duration = Math.min(rest, LONGEST_BURST);
    for (const text of TEXTS) {
      const burst = { message: unique(text), concurrency: SENDERS / TEXTS.length, duration, rate };
      // Without a device: one device may not have so many bursts.
      const headers = { cookie: "" };
      expect((await request.post("/bursts", { data: burst, headers })).status()).toBe(202);
    }
    await new Promise((resolve) => setTimeout(resolve, duration * 1000));
  }
}

/** Bytes in use after a garbage collection. */
async function heap(probe) {
  await probe.send("HeapProfiler.collectGarbage");
  return (await probe.send("Runtime.getHeapUsage")).usedSize;
}

/** Runs in the page: counts frames, long tasks and the highest number of nodes. */
async function watch(milliseconds) {
  const frames = [];
  const tasks = [];
  let [mostNodes, mostBullets] = [0, 0];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
  observer.observe({ type: "longtask" });
  const started = performance.now();
  const sample = setInterval(() => {
    mostNodes = Math.max(mostNodes, document.getElementsByTagName("*").length);
    mostBullets = Math.max(mostBullets, document.querySelectorAll(".bullet").length);
  }, 250);
  await new Promise((resolve) => {
    let before = started;
    const frame = (now) => {
      frames.push(now - before);
      before = now;
      if (now - started < milliseconds) requestAnimationFrame(frame);
      else resolve();
    };
    requestAnimationFrame(frame);
  });
  clearInterval(sample);
  observer.disconnect();
  frames.sort((a, b) => a - b);
  return {
    framesPerSecond: frames.length / ((performance.now() - started) / 1000),
    frameP95: frames[Math.floor(frames.length * 0.95)],
    longTasks: tasks.length,
    longestTask: Math.max(0, ...tasks.map((task) => task.duration)),
    longTasksAt: tasks.map((task) => Math.round((task.startTime - started) / 1000)),
    mostNodes,
    mostBullets,
  };
}

function report(name, it) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  return (
    `${name}, ${SECONDS} s: ${it.arrived} messages, ${it.framesPerSecond.toFixed(1)} frames/s, ` +
    `p95 frame ${it.frameP95.toFixed(0)} ms, ${it.longTasks} long tasks (longest ${it.longestTask.toFixed(0)} ms, ` +
    `at the seconds ${it.longTasksAt.join(" ") || "none"}), ` +
    `heap ${megabytes(it.heapBefore)} -> ${megabytes(it.heapAfter)} MB, at most ${it.mostNodes} nodes`
  );
}
