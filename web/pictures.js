// Takes web/pictures/*.jpg: the page in each of its states, from a real stack in that state.
// `npm run pictures` takes all, `npm run pictures -- sending stage` those.

import { chromium as browserType } from "@playwright/test";
import { chromium } from "./tests/support/chromium.js";
import { pidOf, pidsOf, startStack } from "./tests/support/stack.js";

const DESK = { width: 1440, height: 900 };
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
  stage: async (at) => {
    const sender = await at.sending({});
    const page = await at.open({ path: "/stage", options: { viewport: { width: 1920, height: 1080 } } });
    await full(page);
    await sender.close();
    return page;
  },
  offline: async (at) => {
    const page = await at.sending({});
    await at.stopping([pidOf(at.stack.data, "homepage")], () =>
      page.getByRole("alert").waitFor({ timeout: 30_000 }),
    );
    return page;
  },
  backlog: async (at) => {
    const page = await at.sending({ duration: 60 });
    const behind = page.locator(".banner.warn .banner-detail", { hasText: "Nothing has been processed" });
    await at.stopping(pidsOf(at.stack.data, "message-processor"), () => behind.waitFor({ timeout: 60_000 }));
    return page;
  },
};

/** The stack and the browser that the pictures are taken with. */
class Studio {
  #goOn = () => {};

  constructor(stack, browser) {
    this.stack = stack;
    this.browser = browser;
  }

  async open({ path = "/", options = {} }) {
    const context = await this.browser.newContext({ viewport: DESK, ...options });
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

  /** Freezes processes until the picture is taken. */
  async stopping(pids, until) {
    pids.forEach((pid) => process.kill(pid, "SIGSTOP"));
    this.#goOn = () => pids.forEach((pid) => process.kill(pid, "SIGCONT"));
    await until();
  }

  async take(name) {
    try {
      const page = await STATES[name](this);
      await page.screenshot({ path: `pictures/${name}.jpg`, quality: 85 });
      await page.context().close();
    } finally {
      this.#goOn();
      this.#goOn = () => {};
    }
  }
}

async function fill(page, values) {
  for (const [name, value] of Object.entries(values)) await page.locator(`#${name}`).fill(value);
}

/** The wall is full when its first bullet has crossed it; a list, when it has rows. */
async function full(page) {
  const first = await page.waitForSelector("#sky .bullet, #list-body tr");
  if (await first.evaluate((node) => node.matches(".bullet"))) await first.waitForElementState("hidden");
  else await page.locator("#list-body tr").nth(12).waitFor();
}

const wanted = process.argv.slice(2);
const browser = await browserType.launch(chromium);
try {
  for (const name of Object.keys(STATES).filter((state) => wanted.length === 0 || wanted.includes(state))) {
    const variables = { PUBLIC_URL: "https://barrage.example", TRACE_UI: "https://traces.example" };
    const stack = await startStack(variables, "--processors", "4"); // each begins with an empty wall
    try {
      await new Studio(stack, browser).take(name);
      console.log(`pictures/${name}.jpg`);
    } finally {
      await stack.stop();
    }
  }
} finally {
  await browser.close();
}
