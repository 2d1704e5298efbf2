// The page's buttons and the stage's keys against a real launcher that scales: what is asked for is seen in the answer of
// `GET /pipeline` within a second. What each of them says is in controls.spec.js.

import { expect, test as base } from "./support/page.js";
import { startStack } from "./support/stack.js";

const SOON = { timeout: 1000, intervals: [50] };

/** The pages of a launcher that scales. */
const test = base.extend({
  stack: [
    async ({}, use) => {
      const stack = await startStack({}, "--scale", "0..4", "--scale-window", "6");
      await use(stack);
      await stack.stop();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ stack }, use) => use(stack.url),
});
test.describe.configure({ mode: "serial" });
test.use({ expectsFailedRequests: true });

const pipeline = async (request) => (await request.get("/pipeline")).json();

/** Presses, and waits until the pipeline is as `wanted`, a part of it or what `of` makes of it. */
async function sees(request, press, wanted, of = (state) => state) {
  await press();
  await expect.poll(async () => of(await pipeline(request)), SOON).toEqual(wanted);
}

const decided = ({ mode, wanted }) => [mode, wanted];
const modeOf = ({ mode }) => mode;

/** How often this has happened to a part in the last ninety seconds. */
const count = (kind, part) => ({ events }) => events.filter((it) => it.kind === kind && it.part === part).length;

async function open(page, path) {
  await page.goto(path);
  await expect(page.locator("body")).toHaveAttribute("data-screen", /./);
  return page.getByRole("complementary", { name: "Scaling" });
}

/** A key, once the stage may be controlled. */
async function presses(page) {
  await open(page, "/stage");
  await expect(page.locator("[data-key=r]")).toBeAttached();
  return (key) => () => page.keyboard.press(key);
}

const isReady = (request, least) => expect.poll(async () => (await pipeline(request)).ready).toBeGreaterThanOrEqual(least);

test("buttons choose how many processors run, and what a message costs", async ({ page, request }) => {
  const desk = await open(page, "/");
  const button = (name) => () => desk.getByRole("button", { name, exact: true }).click();
  await sees(request, button("One processor more"), ["by_hand", 1], decided);
  await sees(request, button("One processor more"), ["by_hand", 2], decided);
  await sees(request, button("One processor fewer"), ["by_hand", 1], decided);
  await sees(request, button("Automatic"), "automatic", modeOf);
  await sees(request, button("By hand"), "by_hand", modeOf);
  await isReady(request, 1);
  const slider = desk.getByRole("slider", { name: /Cost of a message/ });
  const costs = ({ events }) => events.filter(({ kind }) => kind === "cost").map(({ to_ms }) => to_ms);
  await sees(request, () => slider.fill("20"), [20], costs);
});

test("buttons break parts", async ({ page, request }) => {
  await isReady(request, 1);
  const desk = await open(page, "/");
  const button = (name) => () => desk.getByRole("button", { name, exact: true }).click();
  await sees(request, button("Kill event-router"), 1, count("died", "event-router"));
  await sees(request, button("Freeze table"), true, ({ down }) => down.some(({ part, frozen }) => part === "table" && frozen));
  await sees(request, button("Freeze message-processor-1"), 1, count("frozen", "message-processor-1"));
});

test("keys do the same on the stage", async ({ page, request }) => {
  await isReady(request, 1);
  const key = await presses(page);
  await sees(request, key("+"), ["by_hand", 2], decided);
  await sees(request, key("-"), ["by_hand", 1], decided);
  await sees(request, key("a"), "automatic", modeOf);
  const step = ({ tour }) => tour?.step;
  await sees(request, key("t"), "zero", step);
  await sees(request, key("t"), undefined, step);
  const died = count("died", "event-router");
  const before = died(await pipeline(request));
  await key("r")();
  await sees(request, key("r"), before + 1, died);
});

test("loads come, from a button or a key", async ({ page, request }) => {
  const comes = (least) => (state) => state.in >= least; // a mean of some seconds
  const desk = await open(page, "/");
  await sees(request, () => desk.getByRole("button", { name: "Quiet" }).click(), true, comes(0.5));
  const key = await presses(page);
  await sees(request, key("2"), true, comes(4));
  await sees(request, key("3"), true, comes(60));
});
