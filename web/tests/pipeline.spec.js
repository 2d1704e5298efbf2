// The pipeline as people see it, on the stage and on the page: every state, from made-up answers of the server.

import { expect, expectNoFindings, forward, test } from "./support/page.js";
import { faultsOfLayout, STAGES } from "./support/layout.js";
import { fly, NEXT_SENTENCE_MS, show, showAtOnce, STATES } from "./support/pipeline.js";
import { sentence } from "../static/pipeline/sentence.js";
import * as en from "../static/translations/pipeline-en.js";
import * as zh from "../static/translations/pipeline-zh.js";

const LANGUAGES = { en, zh };

const said = (name, { sentence: texts, space }) => {
  const { reason, result, leads } = sentence(STATES[name](), texts);
  return (leads ? [result, reason] : [reason, result]).filter(Boolean).join(space);
};

/** Opens a page that is in this state. Returns a function that changes the state, by default of `shown`. */
async function open(page, path, name, shown = show) {
  await fly(page, { change: (reply) => ({ ...reply, bullets: [], passed: 0 }) });
  const change = await shown(page, name);
  await page.goto(path);
  await expect(page.locator("body")).toHaveAttribute("data-screen", /./);
  await page.evaluate(() => document.fonts.ready);
  return change;
}

for (const [language, texts] of Object.entries(LANGUAGES)) {
  for (const path of ["/stage", "/"]) {
    test(`every state has its sentence and its lanes on ${path} in ${language}`, async ({ page }) => {
      const [first, ...others] = Object.keys(STATES);
      const change = await open(page, `${path}?lang=${language}`, first, showAtOnce);
      for (const name of [first, ...others]) {
        await change(name);
        await expect(page.locator("#sentence"), name).toHaveText(said(name, texts));
        const { processors } = STATES[name]();
        await expect(page.locator(".lane:not(.asleep)"), name).toHaveCount(processors.length);
        for (const { slot, state } of processors.filter(({ state: it }) => it !== "ready")) {
          await expect(page.locator(`.lane.${state} b`, { hasText: new RegExp(`^${slot}$`) }), name).toHaveCount(1);
        }
      }
      if (language === "zh") {
        const text = await page.locator("#sentence, #pipe, #time").allInnerTexts();
        expect(text.join(" ").match(/[A-Za-z]{3,}/g)?.filter((word) => !["Kafka", "processor", "barrage", "example", "cargo", "demo", "host"].includes(word)) ?? []).toEqual([]);
      }
    });
  }
}

test("the numbers of the pipeline are those of the answer", async ({ page }) => {
  await open(page, "/stage", "scaling");
  const numbers = () => page.locator("#pipe .big").allTextContents();
  await expect.poll(numbers).toEqual(["260/s", "1\u202f508", "33", "330/s"]);
  await expect(page.locator(".figures")).toHaveText("4 → 5 wanted 33 calls ÷ 7 each");
  await expect(page.locator(".trend")).toHaveText("▼ 70/s");
  await expect(page.locator(".stack .on")).toHaveCount(8); // 1 508 of 2 480
  await expect(page.locator(".lane").nth(3).locator(".cells .on")).toHaveCount(3);
  await expect(page.locator(".lane").nth(3).locator(".unseen")).toHaveText("Processor 4, warm, 3 calls, 30 a second");
  await expect(page.locator(".lane").nth(4)).toContainText("1.5 s");
  await expect(page.locator(".chart")).toHaveAttribute("aria-label", "In 90 s: waiting rose to 2\u202f480, now 1\u202f508; 4 processors, 5 wanted.");
  const marks = page.locator(".mark-text");
  await expect(marks).toHaveText(["cold start 1.1 s", "burst", "1 → 2", "2 → 3", "3 → 5"]);
});

test("the label of a mark is whole, however near it is to the right edge", async ({ page }) => {
  let ago = 0;
  const burst = () => ({ ...STATES.pace(), events: [{ at: new Date().toISOString(), ago_ms: ago, kind: "burst" }] });
  const change = await open(page, "/", burst, showAtOnce);
  const place = () => page.locator(".chart path.mark").getAttribute("d");
  /** Runs in the page, in one go: the label is drawn once a second. */
  const room = () => {
    const [text, box] = [".mark-text", ".chart-box"].map((it) => document.querySelector(it).getBoundingClientRect());
    return Math.min(text.left - box.left, box.right - text.right);
  };
  for (ago = 500; ago <= 5000; ago += 500) {
    const before = await place();
    await change(burst);
    await expect.poll(place).not.toBe(before);
    expect(await page.evaluate(room), `${ago} ms ago`).toBeGreaterThanOrEqual(0);
  }
});

test("the first message waits in Kafka, and its processor starts", async ({ page }) => {
  await open(page, "/stage", "cold");
  await expect(page.locator(".figures")).toHaveText("0 → 1 wanted 1 message waits");
  await expect(page.locator("#quiet")).toContainText("The last cold start took 1.1 s.");
  await expect(page.locator(".lane .cells.boot")).toBeVisible();
});

test("at a cold start the first message stands in Kafka, and goes when its processor is ready", async ({ page }) => {
  const change = await open(page, "/stage", "zero", showAtOnce);
  const first = page.locator(".node-kafka .first");
  await expect(first).toHaveCount(0);
  await change("cold");
  await expect(first).toHaveText("first message");
  await expect(first).toHaveCSS("border-style", "dashed");
  await change(() => ({ ...STATES.cold(), waiting: 3000 })); // they have waited since none was allowed to run
  await expect(first).toHaveCount(0);
  await change("pace");
  await expect(first).toHaveCount(0);
  await expect(page.locator(".trend")).toHaveText("= steady");
  await change(() => ({ ...STATES.cold(), down: [{ part: "kafka", for_ms: 2000, frozen: false }] }));
  await expect(page.locator(".node-kafka")).toHaveClass(/down/);
  await expect(first).toHaveCount(0);
});

test("who has sent the first message sees its text there, and nobody else before it was moderated", async ({ page }) => {
  await page.route("**/bursts/*", (route) => route.fulfill({ json: { id: "b", state: "running", accepted: 1, stored: 0 } }));
  await page.route("**/bursts", (route) => route.fulfill({ status: 202, json: { id: "b", state: "running", accepted: 1, stored: 0 } }));
  const change = await open(page, "/", "zero");
  await page.locator("#message").fill("hello, row 12");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator("#strip-burst")).toContainText("hello, row 12");
  change("cold");
  await expect(page.locator(".node-kafka .first")).toHaveText("hello, row 12");
});

test("the node of a part that is down says so, and what comes after it is pale", async ({ page }) => {
  const change = await open(page, "/stage", "router", showAtOnce);
  await expect(page.locator(".node-router")).toHaveText("✕ Routerdownfor 6 s");
  await expect(page.locator(".node-table, .processors")).toHaveClass([/pale/, /pale/]);
  await expect(page.locator(".node-kafka")).not.toHaveClass(/pale|down/);
  await expect(page.locator(".flow-bad")).toHaveCount(1);
  await change("frozen");
  await expect(page.locator(".node-router")).toContainText("frozen");
  for (const [name, node] of [["kafka", ".node-kafka"], ["table", ".node-table"], ["homepage", ".node-senders"], ["processors", ".processors"]]) {
    await change(name);
    await expect(page.locator(node)).toHaveClass(/down/);
    await expect(page.locator("#pipe .down")).toHaveCount(1);
  }
});

test("where nobody tells how many run, none is said to sleep", async ({ page }) => {
  await open(page, "/", () => ({ ...STATES.knative(), in: 0, out: 0, waiting: 0, calls: 0, ready: 0, processors: [] }));
  await expect(page.locator(".figures")).toHaveText("0 at work", { useInnerText: true });
  await expect(page.locator(".lanes")).toBeEmpty();
});

test("the stage asks nobody to send what Kafka does not take", async ({ page }) => {
  const down = [{ part: "kafka", for_ms: 2000, frozen: false }];
  const change = await open(page, "/stage", "idle", showAtOnce);
  await expect(page.locator("#quiet")).toBeVisible();
  await change(() => ({ ...STATES.idle(), down }));
  await expect(page.locator("#sentence")).toContainText("Kafka has not answered");
  await expect(page.locator("#quiet")).toBeHidden();
});

test("where nobody tells how many are wanted, there is the number alone, and plain bars", async ({ page }) => {
  await open(page, "/stage", "knative");
  await expect(page.locator(".figures")).toHaveText("4 at work", { useInnerText: true });
  await expect(page.locator(".line-wanted")).toHaveCount(0);
  await expect(page.locator(".cells.plain")).toHaveCount(4);
});

test("above twelve processors there are eleven lanes and one row", async ({ page }) => {
  const many = () => {
    const state = STATES.twelve();
    const more = [13, 14].map((slot) => ({ slot, name: `message-processor-${slot}`, state: "ready", rate: 90, calls: 9 }));
    return { ...state, processors: [...state.processors, ...more] };
  };
  await open(page, "/stage", many);
  await expect(page.locator(".lane:not(.asleep)")).toHaveCount(11);
  await expect(page.locator(".lane.asleep")).toHaveText("+3 more, 2 calls");
  await expect(page.locator(".lane:not(.asleep) .shape").last()).toHaveClass("shape slot-2"); // the 14th
});

test.describe("a server that does not answer", () => {
  test.use({ expectsFailedRequests: true });

  test("is told once on the first page: the banner says what is wrong, the sentence since when", async ({ page }) => {
    await open(page, "/", "full", showAtOnce); // so what waits is amber
    const sentence = page.locator("#sentence");
    await expect(sentence).toHaveText(said("full", en));
    await page.route(/\/(feed|pipeline)(\?|$)/, (route) => route.abort());
    await forward(page, NEXT_SENTENCE_MS, (options) => expect(sentence).toHaveText(/^Numbers and curves stand since \d\d:\d\d:\d\d\.$/, options));
    await expect(page.getByRole("alert")).toHaveText("Cannot reach the server.");
    await expect(page.getByText("Cannot reach the server.").filter({ visible: true })).toHaveCount(1);
    const colors = await page.locator(".node .big").evaluateAll((all) => all.map((it) => getComputedStyle(it).color));
    expect(new Set(colors).size, "all numbers are pale").toBe(1);
  });

  test("makes the numbers pale, and the sentence says since when they stand", async ({ page }) => {
    const change = await open(page, "/stage", "pace", showAtOnce);
    const sentence = page.locator("#sentence");
    await expect(sentence).toHaveText("4 processors keep pace with 260 a second.");
    await change(() => undefined);
    const offline = /^Cannot reach the server\. Numbers and curves stand since \d\d:\d\d:\d\d\.$/;
    await forward(page, NEXT_SENTENCE_MS, (options) => expect(sentence).toHaveText(offline, options));
    await expect(page.locator("#pipe")).toHaveClass(/old/);
    await expectNoFindings(page);
    await change("pace");
    await expect(sentence).toHaveText("4 processors keep pace with 260 a second.");
    await expect(page.locator("#pipe")).not.toHaveClass(/old/);
  });
});

test("a hidden page asks for nothing, and asks at once when it is back", async ({ page }) => {
  let asked = 0;
  await open(page, "/stage", () => ((asked += 1), STATES.pace()), showAtOnce);
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const before = asked;
  await page.clock.runFor(NEXT_SENTENCE_MS);
  await page.evaluate(() => fetch("/healthz").then(() => undefined)); // what was asked before this has come
  expect(asked).toBe(before);
  await page.evaluate(() => {
    delete document.visibilityState;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect.poll(() => asked).toBeGreaterThan(before);
});

test("screen readers hear a sentence when it is another one, not each number", async ({ page }) => {
  let rows = 260;
  const faster = () => ({ ...STATES.pace(), in: (rows += 10), out: rows, waiting: 20 });
  const change = await open(page, "/stage", faster, showAtOnce);
  const spoken = page.locator("#announcer");
  await expect(spoken).toContainText("keep pace");
  const first = await spoken.textContent();
  await change(faster);
  await expect(page.locator("#sentence")).not.toHaveText(first);
  await expect(spoken).toHaveText(first);
  await change("router");
  await expect(spoken).toHaveText(/^The event-router has not answered/);
});

test("the amber banner of a backlog gives way to the sentence, and other problems keep theirs", async ({ page }) => {
  const problems = [
    { part: "table", since: new Date().toISOString(), text: "" },
    { part: "retention", since: new Date().toISOString(), text: "" },
  ];
  await fly(page, { waiting: 3100, change: (reply) => ({ ...reply, bullets: [], processors: [], problems }) });
  const change = await show(page, "table");
  await page.goto("/");
  await expect(page.locator("#sentence")).toContainText("The table has not answered");
  await expect(page.locator(".banner")).toHaveCount(3);
  await expect(page.locator(".banner:visible")).toHaveCount(1);
  await expect(page.locator(".banner:visible")).toContainText("They are lost.");
  change("pace"); // the feed still says it, and so does the sentence
  await expect(page.locator("#sentence")).toContainText("The table has not answered");
  await expect(page.locator(".banner:visible")).toHaveCount(1);
});

for (const path of ["/", "/stage"]) {
  test(`a part that the feed knows to be down before the pipeline does is in the sentence at once on ${path}`, async ({ page }) => {
    let problems = [];
    await fly(page, { change: (reply) => ({ ...reply, bullets: [], problems }) });
    const change = await showAtOnce(page, "behind");
    await page.goto(path);
    await expect(page.locator("#sentence")).toContainText("260 a second arrive");
    await page.evaluate(watchDisagreement);
    problems = [{ part: "table", since: new Date(Date.now() - 3000).toISOString(), text: "" }];
    await expect(page.locator("#sentence")).toHaveText(/^The table has not answered for \d s: work goes on when it is back/);
    await expect(page.locator(".node-table")).toHaveClass(/down/);
    await change("table");
    await expect(page.locator("#sentence")).toContainText("for 6 s");
    await change("behind"); // which knows first that it is back
    problems = [];
    await forward(page, NEXT_SENTENCE_MS, (options) => expect(page.locator("#sentence")).toContainText("260 a second arrive", options));
    await expect(page.locator(".node-table")).not.toHaveClass(/down/);
    expect(await page.evaluate(() => window.disagreed)).toEqual([]);
  });
}

/** Runs in the page: notes when a banner names the table and the sentence does not. */
function watchDisagreement() {
  window.disagreed = [];
  const [sentence, banners] = ["sentence", "banners"].map((id) => document.getElementById(id));
  const look = () => {
    const seen = [...banners.querySelectorAll(".banner:not(.is-said)")].map((it) => it.textContent);
    if (seen.some((text) => text.includes("table")) && !sentence.textContent.includes("table")) window.disagreed.push(sentence.textContent);
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
}

test("on the stage a problem that the pipeline does not know takes the place of the sentence", async ({ page }) => {
  const problems = [{ part: "retention", since: new Date().toISOString(), text: "" }];
  await fly(page, { change: (reply) => ({ ...reply, bullets: [], problems, totals: { ...reply.totals, expired: 12 } }) });
  await show(page, "pace");
  await page.goto("/stage");
  await expect(page.locator("#sentence")).toContainText("Kafka deleted 12 messages that were not processed yet.");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toContainText("They are lost.");
  await expect(page.locator("#keys .banner")).toBeVisible();
  await expectNoFindings(page);
});

const SCREENS = [
  ["/stage", "zero"],
  ["/stage", "cold"],
  ["/stage", "scaling"],
  ["/stage", "twelve"],
  ["/stage", "router"],
  ["/stage", "processors"],
  ["/stage?light=1", "scaling"],
  ["/stage?light=1", "router"],
  ["/stage", "scaling", "q"],
  ["/stage", "scaling", "w"],
  ["/stage", "scaling", "?"],
  ["/", "scaling"],
  ["/", "zero"],
  ["/", "router"],
];

for (const [path, name, key] of SCREENS) {
  test(`axe finds nothing on ${path} in the state "${name}"${key ? ` after ${key}` : ""}`, async ({ page }) => {
    await open(page, path, name);
    if (key) await page.keyboard.press(key);
    await expect(page.locator("#sentence")).not.toBeEmpty();
    await expectNoFindings(page);
  });
}

test("axe finds nothing where people prefer light", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await open(page, "/", "scaling");
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(244, 246, 251)");
  await expectNoFindings(page);
});

const LAYOUT_STATES = ["zero", "cold", "behind", "scaling", "full", "twelve", "pace", "idle", "router", "processors", "knative"];

for (const [width, height] of STAGES) {
  for (const language of ["en", "zh"]) {
    test(`nothing is small, cut or covered on a stage of ${width} by ${height} in ${language}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      const change = await open(page, `/stage?lang=${language}`, "zero", showAtOnce);
      for (const name of LAYOUT_STATES) {
        await change(name);
        if (name !== "zero") await expect(page.locator("#sentence")).toHaveText(said(name, LANGUAGES[language]));
        expect(await page.evaluate(faultsOfLayout, height / 40), name).toEqual([]);
      }
      for (const key of ["q", "w"]) {
        await change("scaling");
        await expect(page.locator("#sentence")).toHaveText(said("scaling", LANGUAGES[language]));
        await page.keyboard.press(key);
        await change("scaling");
        await expect(page.locator("#sentence")).toHaveText(said("scaling", LANGUAGES[language])); // after the answer
        expect(await page.evaluate(faultsOfLayout, height / 40), key).toEqual([]);
        await page.keyboard.press(key);
      }
    });
  }
}

test("on a phone the four numbers stand in a row, the lanes below them, and nothing is cut", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const change = await open(page, "/", "scaling", showAtOnce);
  for (const name of LAYOUT_STATES.filter((it) => it !== "zero")) {
    await change(name);
    await expect(page.locator("#sentence")).toHaveText(said(name, en));
    const tops = await page.locator(".node").evaluateAll((nodes) => nodes.map((node) => Math.round(node.getBoundingClientRect().top)));
    expect(new Set(tops).size, name).toBe(1);
    expect(await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth)).toBe(0);
    const cut = await page.locator(".node, .lane, .figures").evaluateAll((nodes) => nodes.filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.textContent));
    expect(cut, name).toEqual([]);
  }
  await expect(page.locator(".flow-lines")).toBeHidden();
});
