// Takes web/pictures/*.jpg: the page in each of its states, from a real stack in that state; and, into
// web/pictures/states/, which is not committed, the pipeline in each of its states and the guest's page, from made-up answers of the server.
// `npm run pictures` takes all, `npm run pictures -- sending stage-zero` those.

import { chromium as browserType } from "@playwright/test";
import { chromium } from "./tests/support/chromium.js";
import { fly, scaling, show, touring, TOUR_STEPS } from "./tests/support/pipeline.js";
import { crowd } from "./tests/support/room.js";
import { pidOf, pidsOf, startStack } from "./tests/support/stack.js";

const DESK = { width: 1440, height: 900 };
const HD = { width: 1920, height: 1080 };
const TEXTS = {
  en: [
    "first!",
    "Kafka holds the line",
    "弹幕来了",
    "does it scale to zero?",
    "one more pod please",
    "cold start in 1.8 s",
    "你好，世界",
    "watch the processors chart",
    "exactly once?",
    "greetings from the back row",
    "自动扩容真快",
    "Rust goes brrr",
    "wave if you see this 👋",
  ],
  zh: [
    "再来一波",
    "自动扩容真快",
    "冷启动只要 1.8 秒",
    "处理器又多了一个",
    "今天的演示太稳了",
    "后排的朋友看得到吗",
    "前方高能",
    "能缩到零吗",
    "杭州发来贺电",
    "Rust 真快",
    "弹幕来了",
    "延迟曲线很平",
    "你好，世界",
  ],
};

const STATES = {
  idle: (at) => at.open({}),
  invalid: async (at) => {
    const page = await at.open({});
    await fill(page, { message: "Hello from the keynote", concurrency: "250", duration: "0" });
    await page.keyboard.press("Enter");
    return page;
  },
  sending: (at) => at.sending({}),
  card: async (at) => {
    const page = await at.sending({});
    await page.evaluate(() => {
      const middle = ({ left, right }) => Math.abs((left + right) / 2 - innerWidth * 0.45);
      const bullets = [...document.querySelectorAll(".bullet:has(.chip)")].slice(0, 60);
      const at = (bullet) => middle(bullet.getBoundingClientRect());
      bullets.sort((a, b) => at(a) - at(b))[0].click();
    });
    return page;
  },
  list: (at) => at.sending({ options: { reducedMotion: "reduce" } }),
  chinese: (at) => at.sending({ path: "/?lang=zh", language: "zh", message: "大家好", button: "发送" }),
  phone: (at) =>
    at.sending({
      options: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
    }),
  stage: (at) => at.madeUp({ path: "/stage", options: { viewport: HD }, state: "scaling" }),
  offline: async (at) => {
    const page = await at.sending({});
    await at.stopping([pidOf(at.stack.data, "homepage")], () =>
      page.getByRole("alert").waitFor({ timeout: 30_000 }),
    );
    return page;
  },
  backlog: async (at) => {
    const page = await at.sending({ duration: 60 });
    const behind = page.locator("#sentence[data-tone=bad], #sentence[data-tone=warn]");
    await at.stopping(pidsOf(at.stack.data, "message-processor"), () => behind.waitFor({ timeout: 60_000 }));
    return page;
  },
};

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const SIZES = { "1024x768": { width: 1024, height: 768 }, "4k": { width: 3840, height: 2160 } };
const SHOWN = {
  ...{ zero: {}, cold: {}, behind: {}, scaling: {}, full: { slots: 8 }, twelve: { slots: 12 }, pace: {}, scalingIn: {} },
  ...{ idle: {}, router: {}, kafka: {}, table: {}, processors: {}, frozen: {}, died: {}, knative: {} },
};

/** Where the caption of the tour must find room. */
const TOUR_SCREENS = {
  ...Object.fromEntries(Object.entries(SIZES).map(([name, viewport]) => [name, { options: { viewport } }])),
  light: { path: "/stage?light=1", options: { viewport: HD } },
  zh: { path: "/stage?lang=zh", options: { viewport: HD }, language: "zh" },
  qr: { options: { viewport: HD }, key: "q" },
  wall: { options: { viewport: HD }, key: "w" },
  phone: { options: PHONE },
  page: { path: "/", options: {} },
  "page-phone": { path: "/", options: PHONE },
};

/** The pipeline in each of its states, by the name of the picture. */
const MADE_UP = {
  ...Object.fromEntries(
    Object.entries(SHOWN).flatMap(([state, more]) => [
      [`stage-${state}`, { path: "/stage", options: { viewport: HD }, state, ...more }],
      [`page-${state}`, { path: "/", state, ...more }],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(SIZES).flatMap(([name, viewport]) =>
      ["zero", "scaling", "twelve", "router"].map((state) => [
        `stage-${state}-${name}`,
        { path: "/stage", options: { viewport }, state, slots: state === "twelve" ? 12 : 4 },
      ]),
    ),
  ),
  ...Object.fromEntries(TOUR_STEPS.map((step) => [`tour-${step}`, { path: "/stage", options: { viewport: HD }, state: () => touring(step), quiet: ["zero", "first_message"].includes(step) }])),
  ...Object.fromEntries(
    Object.entries(TOUR_SCREENS).flatMap(([name, more]) =>
      ["zero", "first_message", "scale_out"].map((step) => [`tour-${step}-${name}`, { path: "/stage", state: () => touring(step), quiet: step !== "scale_out", ...more }]),
    ),
  ),
  "stage-light": { path: "/stage?light=1", options: { viewport: HD }, state: "scaling" },
  "stage-zh": { path: "/stage?lang=zh", options: { viewport: HD }, state: "scaling", language: "zh" },
  "stage-qr": { path: "/stage", options: { viewport: HD }, state: "scaling", key: "q" },
  "stage-wall": { path: "/stage", options: { viewport: HD }, state: "pace", key: "w" },
  "stage-keys": { path: "/stage", options: { viewport: HD }, state: "pace", key: "?" },
  "page-controls": { path: "/#controls=made-up", state: "scaling" },
  "page-light": { path: "/", state: "scaling", options: { colorScheme: "light" } },
  "page-phone": { path: "/", state: "scaling", options: PHONE },
};

const GUEST = {
  en: { name: "Mei", text: "back row can read this", own: ["first!", "one more time", "hello, row 12", "🎉🎉🎉"] },
  zh: { name: "小林", text: "后排也看得见", own: ["弹幕来了", "前排围观", "自动扩容真快", "🎉🎉🎉"] },
};
/** The guest's page, by the name of the picture. */
const GUESTS = {
  "join-phone": { options: PHONE },
  "join-phone-landscape": { options: { ...PHONE, viewport: { width: 844, height: 390 } } },
  "join-320": { options: { ...PHONE, viewport: { width: 320, height: 568 } } },
  "join-keyboard": { options: { ...PHONE, viewport: { width: 390, height: 508 } } },
  "join-zh": { path: "/join?lang=zh", options: PHONE, language: "zh" },
  "join-light": { options: { ...PHONE, colorScheme: "light" } },
};

/** The stack and the browser that the pictures are taken with. */
class Studio {
  #goOn = () => {};

  constructor(stack, browser) {
    this.stack = stack;
    this.browser = browser;
  }

  async open({ path = "/", options = {} }) {
    const context = await this.browser.newContext({ viewport: DESK, colorScheme: "dark", ...options });
    const page = await context.newPage();
    await page.goto(this.stack.url + path);
    await page.locator("#pill[data-state=live]").waitFor({ state: "attached" });
    const appeared = (panel) => Promise.all(panel.getAnimations().map(({ finished }) => finished));
    await page.locator("#quiet").evaluate(appeared);
    return page;
  }

  /** A page in the middle of a burst, with the wall full. */
  async sending({ path, options, language = "en", message = "hello barrage", button = "Send", duration = 30 }) {
    const page = await this.open({ path, options });
    const send = (text) =>
      page.request.post(`${this.stack.url}/bursts`, {
        data: { message: text, concurrency: 1, duration: 20, rate: 1 },
      });
    await Promise.all(TEXTS[language].map(send));
    await fill(page, { message, concurrency: "40", duration: String(duration) });
    await page.getByRole("button", { name: button, exact: true }).click();
    await full(page);
    return page;
  }

  /** A page whose pipeline is in a made-up state. On a failure no new bullets come. */
  async madeUp({ path, options = {}, state, language = "en", slots = 4, key, quiet = QUIET.has(state) }) {
    const page = await (await this.browser.newContext({ viewport: DESK, colorScheme: "dark", ...options })).newPage();
    await fly(page, { slots, language, change: quiet ? (reply) => ({ ...reply, bullets: [], passed: 0 }) : undefined });
    await show(page, state);
    await page.route("**/demo", (route) => route.fulfill({ json: { scaling: scaling() } }));
    await page.goto(this.stack.url + path);
    await page.locator("body[data-screen]").waitFor();
    if (quiet) await page.locator("#pipe .big").first().waitFor();
    else await full(page);
    if (!key) return page;
    await page.keyboard.press(key);
    await page.locator("#sentence:not([data-key=answer])").waitFor({ state: "attached" }); // its answer has gone
    return page;
  }

  /** The page of a guest who has sent four messages: one flew, one was folded, one flies, and one waits. */
  async guest({ path = "/join", options, language = "en" }) {
    const page = await (await this.browser.newContext({ colorScheme: "dark", ...options })).newPage();
    const room = await crowd(page, { perSecond: 1.5, slots: 4 });
    const { name, text, own } = GUEST[language];
    const states = [{ state: "was", ms: 600, slot: 3 }, { state: "folded" }, ...[1, 2].map((offset) => ({ state: "waiting", partition: 0, offset }))];
    const entries = states.map((it, i) => ({ ...it, text: own[i], name, trace: `t${i}` }));
    await page.addInitScript(rememberAsGuest, { entries, name });
    await page.route("**/messages/*/*", (route) => route.fulfill({ json: { state: "waiting", row: null } }));
    await page.goto(this.stack.url + path);
    await page.locator("#pill[data-state=live]").waitFor();
    room.say({ message: own[2], name, trace: "t2", processor: "message-processor-4" });
    await page.locator("#own .now").waitFor();
    await page.locator("#message").fill(text);
    const crossing = page.locator("#sky:visible .bullet.mine");
    if (options.viewport.height >= 700) await crossing.evaluate(halfway);
    return page;
  }

  /** Freezes processes until the picture is taken. */
  async stopping(pids, until) {
    pids.forEach((pid) => process.kill(pid, "SIGSTOP"));
    this.#goOn = () => pids.forEach((pid) => process.kill(pid, "SIGCONT"));
    await until();
  }

  async take(name) {
    try {
      const page = await (STATES[name]?.(this) ?? (GUESTS[name] ? this.guest(GUESTS[name]) : this.madeUp(MADE_UP[name])));
      await page.screenshot({ path: pathOf(name), quality: 85 });
      await page.context().close();
    } finally {
      this.#goOn();
      this.#goOn = () => {};
    }
  }
}

const pathOf = (name) => (STATES[name] ? `pictures/${name}.jpg` : `pictures/states/${name}.jpg`);

/** Runs in the page: waits until a bullet has crossed half of its wall. */
async function halfway(bullet) {
  const isThere = () => bullet.getBoundingClientRect().right < innerWidth - 40;
  while (!isThere()) await new Promise(requestAnimationFrame);
}

/** Runs before the page's scripts: what its tab and its browser remember. The next message may go in a moment. */
function rememberAsGuest({ entries, name }) {
  sessionStorage.setItem("barrage.own /", JSON.stringify(entries));
  localStorage.setItem("barrage.name /", name);
  localStorage.setItem("barrage.open-at /", String(Date.now() + 9000));
}

async function fill(page, values) {
  for (const [name, value] of Object.entries(values)) await page.locator(`#${name}`).fill(value);
}

/** In these states nothing flies. */
const QUIET = new Set(["zero", "cold", "idle"]);

/** The wall is full when its first bullet has crossed it; a list, when it has rows. */
async function full(page) {
  const first = await page.waitForSelector("#sky .bullet, #list-body tr");
  if (await first.evaluate((node) => node.matches(".bullet"))) await first.waitForElementState("hidden");
  else await page.locator("#list-body tr").nth(12).waitFor();
}

/** Takes pictures one after the other, each from a stack of its own, so that it begins with an empty wall. */
async function takeAll(browser, names) {
  const variables = { PUBLIC_URL: "https://barrage.example", TRACE_UI: "https://traces.example" };
  for (const name of names) {
    const stack = await startStack(variables, "--processors", "4");
    try {
      await new Studio(stack, browser).take(name);
      console.log(pathOf(name));
    } finally {
      await stack.stop();
    }
  }
}

/** Made-up states need nothing of the stack but its pages. */
async function takeMadeUp(browser, names) {
  if (names.length === 0) return;
  const stack = await startStack({ PUBLIC_URL: "https://barrage.example" }, "--processors", "1");
  try {
    for (const name of names) {
      await new Studio(stack, browser).take(name);
      console.log(pathOf(name));
    }
  } finally {
    await stack.stop();
  }
}

const wanted = process.argv.slice(2);
const isWanted = (name) => wanted.length === 0 || wanted.includes(name);
const browser = await browserType.launch(chromium);
try {
  await takeAll(browser, Object.keys(STATES).filter(isWanted));
  await takeMadeUp(browser, [...Object.keys(MADE_UP), ...Object.keys(GUESTS)].filter(isWanted));
} finally {
  await browser.close();
}
