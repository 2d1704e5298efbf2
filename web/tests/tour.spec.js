// The tour: its caption at each step, where it stands, who may start and stop it, and how.

import { expect, expectNoFindings, test } from "./support/page.js";
import { fly, NEXT_SENTENCE_MS, scaling, showAtOnce, STATES, touring, TOUR_STEPS } from "./support/pipeline.js";
import { faultsOfLayout, STAGES } from "./support/layout.js";
import * as en from "../static/translations/pipeline-en.js";
import * as zh from "../static/translations/pipeline-zh.js";

const LANGUAGES = { en, zh };
const SOON = { timeout: 1000 };
const PLAYING = () => touring("scale_out");
const caption = (page) => page.locator(".tour");

/** Opens a page; the calls of its controls are noted here, and answered after `until`. */
async function open(page, path, state, { allowed = true, answer = { status: 204 }, until } = {}) {
  const calls = [];
  await fly(page, { change: (reply) => ({ ...reply, bullets: [] }) });
  const change = await showAtOnce(page, state);
  await page.route(/\/demo(\/|$)/, async (route) => {
    const request = route.request();
    if (!allowed) return route.fulfill({ status: 403, json: { title: "Forbidden" } });
    if (request.method() === "GET") return route.fulfill({ json: { scaling: scaling() } });
    calls.push([`${request.method()} ${new URL(request.url()).pathname}`, request.postDataJSON()]);
    await until;
    return route.fulfill(answer);
  });
  await page.goto(path);
  await expect(page.locator("#sentence")).not.toBeEmpty();
  if (allowed) await expect(page.locator("[data-key=t], .desk")).toBeAttached();
  return { calls, change };
}

/** What was asked for is forgotten, and the answers are believed again. */
const later = (page) => page.clock.fastForward(NEXT_SENTENCE_MS);

const says = (page, text) => expect(page.locator("#sentence:visible")).toHaveText(text, SOON);
const START = ["PUT /demo/tour", { playing: true }];
const STOP = ["PUT /demo/tour", { playing: false }];
const STAMPEDE = ["POST /demo/load/stampede", {}];

for (const [language, texts] of Object.entries(LANGUAGES)) {
  for (const path of ["/stage", "/"]) {
    test(`each step has its caption on ${path} in ${language}, which is heard on the stage`, async ({ page }) => {
      const { change } = await open(page, `${path}?lang=${language}`, "zero");
      const shown = page.locator("#wall > p").first();
      await expect(shown).toBeEmpty(); // there before the tour, so that what comes is told
      await expect(page.locator("#wall [role=status]")).toHaveCount(path === "/stage" ? 1 : 0);
      for (const [i, step] of TOUR_STEPS.entries()) {
        await change(() => touring(step));
        const text = texts.tour.steps[step].join(texts.space);
        await expect(shown).toHaveText(`${i + 1}/8${texts.tour.step(i + 1, 8)}${text}`);
        await expect(caption(page).getByText(`${i + 1}/8`)).toBeVisible();
      }
      await change("pace");
      await expect(shown).toBeEmpty();
      await expect(caption(page)).toHaveCount(0);
    });
  }
}

test("a step that this page does not know has no caption", async ({ page }) => {
  const { change } = await open(page, "/stage", PLAYING);
  await expect(caption(page)).toBeVisible();
  await change(() => ({ ...STATES.pace(), tour: { step: "encore", number: 9, of: 9 } }));
  await expect(caption(page)).toHaveCount(0);
});

for (const [width, height] of STAGES) {
  for (const language of ["en", "zh"]) {
    test(`the caption covers nothing and nothing covers it on a stage of ${width} by ${height} in ${language}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      const { change } = await open(page, `/stage?lang=${language}`, () => touring("zero"));
      for (const [i, step] of TOUR_STEPS.entries()) {
        await change(() => touring(step));
        await expect(caption(page)).toContainText(`${i + 1}/8`);
        await expect(page.locator("body")).toHaveAttribute("data-screen", step === "zero" ? "zero" : "live");
        expect(await page.evaluate(faultsOfLayout, height / 40), step).toEqual([]);
      }
      for (const key of ["q", "w"]) {
        await page.keyboard.press(key);
        await later(page);
        await expect(page.locator("#sentence:not([data-key=answer])")).toBeAttached();
        await expect(caption(page)).toBeVisible(); // again: the key has stopped it, and the answers still tell of it
        expect(await page.evaluate(faultsOfLayout, height / 40), key).toEqual([]);
        await page.keyboard.press(key);
      }
    });
  }
}

test("on a phone the caption is in sight, and nothing scrolls sideways", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/stage", "/"]) {
    await open(page, path, () => touring("processor_killed"));
    await expect(caption(page)).toBeInViewport({ ratio: 1 });
    expect(await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth)).toBe(0);
  }
});

for (const [path, step] of [
  ["/stage", "zero"],
  ["/stage", "first_message"],
  ["/stage", "kafka_killed"],
  ["/stage?light=1", "scale_out"],
  ["/?lang=zh", "scale_out"],
  ["/", "zero"],
]) {
  test(`axe finds nothing on ${path} while the tour is at "${step}"`, async ({ page }) => {
    await open(page, path, () => touring(step));
    await expect(caption(page)).toBeVisible();
    await expectNoFindings(page);
  });
}

test("T starts the tour and stops it, and says so", async ({ page }) => {
  const { calls, change } = await open(page, "/stage", "zero");
  await page.keyboard.press("t");
  await says(page, "The tour begins. Any click stops it.");
  await expect(caption(page)).toContainText("1/8", SOON); // before the server tells of it
  await change(PLAYING);
  await expect(caption(page)).toContainText("4/8");
  await page.keyboard.press("t");
  await says(page, "The tour has stopped.");
  await expect(caption(page)).toHaveCount(0, SOON);
  await expect.poll(() => calls, SOON).toEqual([START, STOP]);
});

for (const [keys, text, then] of [
  [["t", "3"], "Load: a stampede.", [STOP, STAMPEDE]],
  [["3"], "Load: a stampede. The tour has stopped.", [STOP, STAMPEDE]],
]) {
  test(`what comes after T waits until the tour has started: ${keys.join(", ")}`, async ({ page }) => {
    let start;
    const { calls } = await open(page, "/stage", "pace", { until: new Promise((done) => (start = done)) });
    await page.keyboard.press("t");
    await expect.poll(() => calls, SOON).toEqual([START]);
    for (const key of keys) await page.keyboard.press(key);
    await says(page, text);
    expect(calls).toEqual([START]);
    start();
    await expect.poll(() => calls, SOON).toEqual([START, ...then]);
    await expect(caption(page)).toHaveCount(0);
  });
}

test("a double click on the page's button starts the tour and stops it", async ({ page }) => {
  const { calls } = await open(page, "/", "pace");
  await page.getByRole("button", { name: "Play the tour" }).dblclick();
  await says(page, "The tour has stopped.");
  await expect.poll(() => calls, SOON).toEqual([START, STOP]);
});

test("any click stops the tour, on a bullet, a number or a tool", async ({ page }) => {
  const { calls } = await open(page, "/stage", PLAYING);
  await expect(caption(page)).toBeVisible();
  await page.mouse.click(400, 500);
  await says(page, "The tour has stopped.");
  await expect.poll(() => calls, SOON).toEqual([STOP]);
  await later(page);
  await expect(caption(page)).toBeVisible(); // the answers of this test still tell of it
  await page.mouse.move(410, 500); // the tools may have gone meanwhile
  await page.getByRole("button", { name: "Pause" }).click();
  await says(page, "The tour has stopped.");
  await expect.poll(() => calls, SOON).toEqual([STOP, STOP]);
});

test("a key that acts stops the tour first, and a key that does nothing does not", async ({ page }) => {
  const { calls } = await open(page, "/stage", PLAYING);
  await expect(caption(page)).toBeVisible();
  for (const key of ["x", "ArrowLeft", "Shift", "f", "f", "l", "l"]) await page.keyboard.press(key);
  await says(page, "Dark.");
  expect(calls).toEqual([]);
  await page.keyboard.press("+");
  await says(page, "By hand: 6 processors. The tour has stopped.");
  await expect.poll(() => calls, SOON).toEqual([STOP, ["PUT /demo/processors", { processors: 6 }]]);
});

test("a view key stops the tour, too", async ({ page }) => {
  const { calls } = await open(page, "/stage", PLAYING);
  await expect(caption(page)).toBeVisible();
  await page.keyboard.press("q");
  await expect(page.locator("#sentence")).toContainText("The tour has stopped.", SOON);
  await expect.poll(() => calls, SOON).toEqual([STOP]);
});

test("the buttons of the stage play and stop the tour, and a preset stops it", async ({ page }) => {
  const { calls, change } = await open(page, "/stage", "pace");
  const press = async (name) => {
    await page.mouse.move(300, 300);
    await page.getByRole("button", { name }).click();
  };
  await press("Play the tour");
  await change(PLAYING);
  await press("Stop the tour");
  await says(page, "The tour has stopped.");
  await later(page);
  await expect(page.getByRole("button", { name: "Stop the tour" })).toBeVisible();
  await press("Quiet");
  await says(page, "Load: quiet. The tour has stopped.");
  await expect.poll(() => calls, SOON).toEqual([START, STOP, STOP, ["POST /demo/load/quiet", {}]]);
});

test("the controls of the page play and stop the tour, and a preset stops it", async ({ page }) => {
  const { calls, change } = await open(page, "/", "pace");
  await page.getByRole("button", { name: "Play the tour" }).click();
  await says(page, "The tour begins.");
  await change(PLAYING);
  await page.getByRole("button", { name: "Stop the tour" }).click();
  await says(page, "The tour has stopped.");
  await expect(page.getByRole("button", { name: "Play the tour" })).toBeVisible(SOON);
  await later(page);
  await expect(page.getByRole("button", { name: "Stop the tour" })).toBeVisible();
  await page.getByRole("button", { name: "Quiet" }).click();
  await expect.poll(() => calls, SOON).toEqual([START, STOP, STOP, ["POST /demo/load/quiet", {}]]);
});

test("who may not control the demo sees the captions, and nothing that would stop them", async ({ page }) => {
  let asked = 0;
  page.on("request", (request) => (asked += /\/demo\/tour/.test(request.url()) ? 1 : 0));
  await page.route("**/stage", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(" data-controls", "") });
  });
  await open(page, "/stage", PLAYING, { allowed: false });
  await expect(caption(page)).toBeVisible();
  await page.mouse.click(400, 500);
  for (const key of ["t", "+", " "]) await page.keyboard.press(key);
  await says(page, "Paused.");
  await expect(caption(page)).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).not.toContainText("tour");
  expect(asked).toBe(0);
});

test.describe("a launcher that cannot play the tour", () => {
  test.use({ expectsFailedRequests: true });

  test("is told why in the place of the sentence", async ({ page }) => {
    const answer = { status: 409, contentType: "application/problem+json", json: { title: "Conflict", detail: "no range" } };
    await open(page, "/stage", "pace", { answer });
    await page.keyboard.press("t");
    await says(page, "That did not work: a tour needs a range from 0 to at least 2, such as --scale 0..4.");
    await expect(caption(page)).toHaveCount(0);
  });
});

test.describe("a page that has lost", () => {
  test.use({ expectsFailedRequests: true });

  for (const path of ["/stage", "/"]) {
    test(`its server has no caption on ${path}, and one again when it is back`, async ({ page }) => {
      const { change } = await open(page, path, PLAYING);
      await expect(caption(page)).toBeVisible();
      await change(() => undefined);
      await later(page); // one answer may get lost
      await expect(caption(page)).toHaveCount(0);
      await change(PLAYING);
      await expect(caption(page)).toBeVisible();
    });
  }

  test("the style of the caption asks for it again at the next step", async ({ page }) => {
    let asked = 0;
    await page.route("**/tour.css", (route) => ((asked += 1), asked === 1 ? route.abort() : route.fallback()));
    const { change } = await open(page, "/", PLAYING);
    await expect(caption(page)).not.toHaveCSS("display", "flex");
    await change(() => touring("kafka_killed"));
    await expect(caption(page)).toHaveCSS("display", "flex");
    await expect(page.locator("link[href*='tour.css']")).toHaveCount(1);
  });
});
