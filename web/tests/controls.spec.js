// The keys of the stage, and the controls of the demo: each does what it says within a second, where it is allowed.

import { expect, expectNoFindings, forward, hold, test } from "./support/page.js";
import { faultsOfLayout } from "./support/layout.js";
import { fly, scaling, show, STATES } from "./support/pipeline.js";

const SOON = { timeout: 1000 };
const TOKEN = "made-up-token";

/** Opens a page in this state. With controls, their calls are answered here and noted. */
async function open(page, path, { name = "scaling", allowed = true, answer, look = () => scaling() } = {}) {
  const calls = [];
  await fly(page);
  const change = await show(page, name);
  await page.route(/\/demo(\/|$)/, (route) => {
    const request = route.request();
    if (!allowed) return route.fulfill({ status: 403, json: { title: "Forbidden" } });
    if (request.method() === "GET") return route.fulfill({ json: { scaling: look() } });
    const { pathname } = new URL(request.url());
    calls.push({ call: `${request.method()} ${pathname}`, body: request.postDataJSON(), token: request.headers().authorization });
    return route.fulfill(answer ?? (pathname.includes("/load/") ? { status: 202, json: {} } : { status: 204 }));
  });
  await page.goto(path);
  await expect(page.locator("body")).toHaveAttribute("data-screen", /./);
  await expect(page.locator("#sentence")).not.toBeEmpty();
  return { calls, change };
}

const asked = ({ call, body }) => [call, body];

test.describe("on the stage", () => {
  const says = (page, text) => expect(page.locator("#sentence:visible")).toHaveText(text, SOON);

  test("each key does what it says, and answers in the place of the sentence for two seconds", async ({ page }) => {
    await page.clock.install();
    await open(page, "/stage");
    await hold(page);
    const sentence = await page.locator("#sentence").textContent();
    await page.keyboard.press("Space");
    await says(page, "Paused.");
    await expect(page.locator("[data-tool=pause]")).toHaveAttribute("aria-pressed", "true");
    await page.clock.fastForward(1500);
    await says(page, "Paused.");
    await page.clock.fastForward(600);
    await says(page, sentence);
    await page.keyboard.press("Space");
    await says(page, "On again.");
    await page.keyboard.press("h");
    await says(page, "Bullets are hidden.");
    await expect(page.locator("#wall")).toHaveClass(/is-hidden/);
    await page.keyboard.press("h");
    await says(page, "Bullets are shown.");
  });

  test("W leaves the wall with three numbers, and Q brings the code over the right half", async ({ page }) => {
    await open(page, "/stage");
    await page.keyboard.press("w");
    await expect(page.locator("#pipe")).toBeHidden(SOON);
    await expect(page.locator(".counter:visible dt")).toHaveText(["Waiting", "Shown, 60 s", "Folded, 60 s"]);
    await page.keyboard.press("W");
    await expect(page.locator("#pipe")).toBeVisible(SOON);
    await page.keyboard.press("q");
    const code = page.locator("#code");
    await expect(code).toBeVisible(SOON);
    expect(await code.boundingBox()).toMatchObject({ x: 720, y: 0, width: 720, height: 900 });
    await expect(page.locator(".node:visible dt, .processors dt")).toHaveText(["Senders", "Kafka", "Processors", "Table"]);
    await page.keyboard.press("q");
    await expect(code).toBeHidden(SOON);
  });

  test("L is for bright rooms, and an address may ask for it", async ({ page }) => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await open(page, "/stage");
    await page.keyboard.press("l");
    await expect.poll(background, SOON).toBe("rgb(244, 246, 251)");
    await page.keyboard.press("l");
    await expect.poll(background, SOON).toBe("rgb(10, 13, 19)");
    await page.goto("/stage?light=1");
    await expect.poll(background).toBe("rgb(244, 246, 251)");
  });

  test("F fills the screen, and ? lists the keys", async ({ page }) => {
    await open(page, "/stage");
    await page.keyboard.press("f");
    await expect.poll(() => page.evaluate(() => document.fullscreenElement?.nodeName), SOON).toBe("HTML");
    await page.keyboard.press("?");
    const list = page.getByRole("dialog", { name: "Keys" });
    await expect(list).toBeVisible(SOON);
    const keys = ["Space", "H", "F", "Q", "W", "L", "?", "+ −", "A", "1 2 3", "K", "R", "T"]; // from this machine, the demo lets itself be driven
    await expect(list.locator("dt")).toHaveText(keys);
    await page.keyboard.press("Escape");
    await expect(list).toBeHidden();
  });

  test("a key that is pressed with Ctrl is the browser's", async ({ page }) => {
    await open(page, "/stage");
    await page.keyboard.press("Control+l");
    await page.keyboard.press("w");
    await expect(page.locator("#pipe")).toBeHidden(SOON);
    expect(await page.evaluate(() => document.getElementById("light").media)).toBe("not all");
  });

  test("without a permission the keys of the demo do nothing, and nothing asks for one", async ({ page }) => {
    let requests = 0;
    page.on("request", (request) => (requests += /\/demo(\/|$)/.test(new URL(request.url()).pathname) ? 1 : 0));
    await fly(page);
    await show(page, "scaling");
    await page.route("**/stage", async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace(" data-controls", "");
      await route.fulfill({ response, body });
    });
    await page.goto("/stage");
    await expect(page.locator("#sentence")).not.toBeEmpty();
    const sentence = await page.locator("#sentence").textContent();
    for (const key of ["+", "-", "a", "1", "2", "3", "k", "k", "r", "r", "t"]) await page.keyboard.press(key);
    await expect(page.locator("#sentence")).toHaveText(sentence);
    expect(requests).toBe(0);
    await page.mouse.move(300, 300);
    await expect(page.locator(".tools button:visible")).toHaveText(["Pause", "Hide"]);
  });

  test("the keys of the demo are buttons, too, which come with the mouse and go when it rests", async ({ page }) => {
    await page.clock.install();
    const { calls } = await open(page, `/stage#controls=${TOKEN}`);
    const tools = page.locator(".tools");
    await expect(page.locator("[data-key=t]")).toBeAttached();
    await hold(page);
    await expect(page.getByRole("group", { name: "Scaling" }).getByRole("button")).toHaveText(
      ["−", "+", "Automatic", "Quiet", "A busy day", "A stampede", "Kill a processor", "Kill the router", "Play the tour"],
    );
    await expect(tools).toHaveCSS("opacity", "0");
    await expect(tools).toHaveCSS("pointer-events", "none"); // a finger presses nothing that it does not see
    await page.mouse.move(300, 300);
    await expect(tools).toHaveCSS("opacity", "1");
    await page.clock.resume();
    await expectNoFindings(page);
    await hold(page);
    const press = async (name, text, call, body) => {
      await page.mouse.move(310, 300); // another point: the tools may have gone meanwhile
      await tools.getByRole("button", { name, exact: true }).click();
      await says(page, text);
      if (call) await expect.poll(() => calls.at(-1) && asked(calls.at(-1)), SOON).toEqual([call, body]);
    };
    await press("One processor more", "By hand: 6 processors.", "PUT /demo/processors", { processors: 6 });
    await press("Automatic", "Automatic: the load decides.", "PUT /demo/processors", { processors: "automatic" });
    await press("A stampede", "Load: a stampede.", "POST /demo/load/stampede", {});
    await press("Kill the router", "“Kill the router” again kills event-router.");
    await press("Kill the router", "event-router killed.", "POST /demo/parts/event-router/kill", {});
    await page.clock.fastForward(3100);
    await expect(tools).toHaveCSS("opacity", "0"); // also with the focus that a click has left
    await page.keyboard.press("Tab");
    await expect(tools).toHaveCSS("opacity", "1"); // the keyboard's focus shows them
  });

  for (const [width, height] of [
    [1024, 768],
    [1920, 1080],
  ]) {
    for (const language of ["en", "zh"]) {
      test(`on the empty screen of ${width} by ${height} a key is answered, too, in ${language}`, async ({ page }) => {
        await page.setViewportSize({ width, height });
        await page.clock.install();
        await open(page, `/stage?lang=${language}`, { name: "zero" });
        await hold(page);
        await expect(page.locator("#sentence")).toBeHidden();
        await page.keyboard.press("l");
        await expect(page.locator("#sentence")).toBeVisible(SOON);
        expect(await page.evaluate(faultsOfLayout, height / 40)).toEqual([]);
        await page.clock.fastForward(2100);
        await expect(page.locator("#sentence")).toBeHidden();
      });
    }
  }

  test("the token of the link goes out of the address, and stays over a reload", async ({ page }) => {
    const { calls } = await open(page, `/stage#controls=${TOKEN}`);
    expect(page.url()).not.toContain(TOKEN);
    await page.reload();
    await expect(page.locator("#sentence")).not.toBeEmpty();
    await expect(async () => {
      await page.keyboard.press("a");
      expect(calls.at(-1)?.token).toBe(`Bearer ${TOKEN}`);
    }).toPass();
  });

  test("the keys of the demo call what they say", async ({ page }) => {
    const { calls } = await open(page, `/stage#controls=${TOKEN}`);
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog").locator("dt")).toHaveCount(13); // those of the demo, too
    await page.keyboard.press("Escape");
    const press = async (key, text, call, body) => {
      await page.keyboard.press(key);
      await says(page, text);
      await expect.poll(() => calls.at(-1) && asked(calls.at(-1)), SOON).toEqual([call, body]);
    };
    await press("+", "By hand: 6 processors.", "PUT /demo/processors", { processors: 6 });
    await press("-", "By hand: 5 processors.", "PUT /demo/processors", { processors: 5 });
    await press("a", "Automatic: the load decides.", "PUT /demo/processors", { processors: "automatic" });
    await press("1", "Load: quiet.", "POST /demo/load/quiet", {});
    await press("2", "Load: a busy day.", "POST /demo/load/busy", {});
    await press("3", "Load: a stampede.", "POST /demo/load/stampede", {});
  });

  test("K and R kill only when they are pressed twice within two seconds", async ({ page }) => {
    await page.clock.install();
    const { calls } = await open(page, `/stage#controls=${TOKEN}`);
    await expect(async () => {
      await page.keyboard.press("r");
      await expect(page.locator("#sentence")).toHaveText("R again kills event-router.", { timeout: 200 });
    }).toPass();
    await hold(page);
    expect(calls).toEqual([]);
    await page.keyboard.press("k");
    await says(page, "K again kills message-processor-4.");
    expect(calls).toEqual([]); // R was another key
    await page.keyboard.press("k");
    await says(page, "message-processor-4 killed.");
    await expect.poll(() => calls.map(asked), SOON).toEqual([["POST /demo/parts/message-processor-4/kill", {}]]);
    await page.keyboard.press("r");
    await says(page, "R again kills event-router.");
    await page.clock.fastForward(2100);
    await page.keyboard.press("r");
    await says(page, "R again kills event-router.");
    expect(calls).toHaveLength(1);
  });

  test("each press counts, however slowly the launcher follows", async ({ page }) => {
    const { calls } = await open(page, `/stage#controls=${TOKEN}`, { name: "pace" });
    await expect(async () => {
      await page.keyboard.press("a");
      expect(calls).not.toEqual([]);
    }).toPass();
    for (const key of ["+", "+", "+", "+"]) await page.keyboard.press(key);
    await says(page, "By hand: 8 processors.");
    await expect.poll(() => calls.at(-1).body, SOON).toEqual({ processors: 8 });
  });

  test("without a launcher the keys and buttons of the load are left, and the others say why", async ({ page }) => {
    const { calls } = await open(page, `/stage#controls=${TOKEN}`, { name: "knative", look: () => null });
    await expect(async () => {
      await page.keyboard.press("k");
      await expect(page.locator("#sentence")).toHaveText("There is no launcher here.", { timeout: 200 });
    }).toPass();
    await page.keyboard.press("1");
    await says(page, "Load: quiet.");
    expect(calls.map(asked)).toEqual([["POST /demo/load/quiet", {}]]);
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog").locator("dt")).toHaveText(["Space", "H", "F", "Q", "W", "L", "?", "1 2 3"]);
    await page.keyboard.press("Escape");
    await page.mouse.move(300, 300);
    await expect(page.locator(".tools button:visible")).toHaveText(["Pause", "Hide", "Quiet", "A busy day", "A stampede"]);
  });

  test("a link that is pasted into the open page brings the controls", async ({ page }) => {
    const { calls } = await open(page, "/stage");
    await page.evaluate((token) => (location.hash = `controls=${token}`), TOKEN);
    await expect(async () => {
      await page.keyboard.press("1");
      expect(calls.at(-1)?.token).toBe(`Bearer ${TOKEN}`);
    }).toPass();
    expect(page.url()).not.toContain(TOKEN);
  });

  test("no more than are allowed can be asked for", async ({ page }) => {
    const { calls } = await open(page, `/stage#controls=${TOKEN}`, { name: () => ({ ...STATES.full() }) });
    await expect(async () => {
      await page.keyboard.press("+");
      await expect(page.locator("#sentence")).toHaveText("Only 0 to 8 processors are allowed.", { timeout: 200 });
    }).toPass();
    expect(calls).toEqual([]);
  });
});

test.describe("a launcher that refuses", () => {
  test.use({ expectsFailedRequests: true });

  test("is told in the place of the sentence", async ({ page }) => {
    const answer = { status: 503, contentType: "application/problem+json", json: { title: "Unavailable", detail: "the launcher does not answer" } };
    await open(page, `/#controls=${TOKEN}`, { answer });
    await page.getByRole("button", { name: "Quiet" }).click();
    await expect(page.locator("#sentence")).toHaveText("That did not work: the launcher does not answer.", SOON);
  });

  test("is asked once more at the start", async ({ page }) => {
    let looks = 0;
    await fly(page);
    await show(page, "pace");
    await page.route(/\/demo$/, (route) => {
      looks += 1;
      return looks === 1 ? route.fulfill({ status: 503, json: {} }) : route.fulfill({ json: { scaling: scaling() } });
    });
    await page.clock.install();
    await page.goto(`/#controls=${TOKEN}`);
    await expect.poll(() => looks).toBe(1);
    await forward(page, 2000, (options) => expect(page.locator(".desk")).toBeVisible(options));
    expect(looks).toBeGreaterThan(1);
  });

  test("gives no controls to whom the homepage forbids them", async ({ page }) => {
    await open(page, `/#controls=${TOKEN}`, { allowed: false });
    await expect(page.locator(".chart .line-out")).toBeAttached();
    await expect(page.locator(".desk")).toHaveCount(0);
  });
});

test.describe("on the page", () => {
  const desk = (page) => page.getByRole("complementary", { name: "Scaling" });

  test("each control calls what it says, and axe finds nothing", async ({ page }) => {
    const { calls } = await open(page, `/#controls=${TOKEN}`);
    await expect(desk(page)).toContainText("of 0 to 8, 5 wanted");
    await expectNoFindings(page);
    const press = async (name, text, call, body) => {
      await desk(page).getByRole("button", { name, exact: true }).click();
      await expect(page.locator("#sentence")).toHaveText(text, SOON);
      await expect.poll(() => asked(calls.at(-1)), SOON).toEqual([call, body]);
      expect(calls.at(-1).token).toBe(`Bearer ${TOKEN}`);
    };
    await press("One processor more", "By hand: 6 processors.", "PUT /demo/processors", { processors: 6 });
    await press("Automatic", "Automatic: the load decides.", "PUT /demo/processors", { processors: "automatic" });
    await press("Quiet", "Load: quiet.", "POST /demo/load/quiet", {});
    await press("A busy day", "Load: a busy day.", "POST /demo/load/busy", {});
    await press("A stampede", "Load: a stampede.", "POST /demo/load/stampede", {});
    await press("Kill event-router", "event-router killed.", "POST /demo/parts/event-router/kill", {});
    await press("Freeze broker", "broker frozen for 10 s.", "POST /demo/parts/broker/freeze", {});
    await press("Kill message-processor-1", "message-processor-1 killed.", "POST /demo/parts/message-processor-1/kill", {});
    await desk(page).getByRole("combobox").selectOption({ label: "Processor 3" });
    await press("Freeze message-processor-3", "message-processor-3 frozen for 10 s.", "POST /demo/parts/message-processor-3/freeze", {});
  });

  test("the cost of a message is set when the slider is let go", async ({ page }) => {
    const { calls } = await open(page, `/#controls=${TOKEN}`);
    const slider = desk(page).getByRole("slider", { name: /Cost of a message/ });
    await expect(slider).toHaveAttribute("aria-valuetext", "100 ms");
    await slider.evaluate((node) => {
      node.value = "300";
      node.dispatchEvent(new Event("input"));
    });
    await expect(desk(page)).toContainText("300 ms");
    expect(calls).toEqual([]);
    await slider.evaluate((node) => node.dispatchEvent(new Event("change")));
    await expect(page.locator("#sentence")).toHaveText("A message costs 300 ms.", SOON);
    expect(calls.map(asked)).toEqual([["PUT /demo/work-ms", { ms: 300 }]]);
  });

  test("a part that is down shows for how long, instead of its buttons", async ({ page }) => {
    const { change } = await open(page, `/#controls=${TOKEN}`);
    await expect(desk(page).getByRole("button", { name: "Kill event-router" })).toBeVisible();
    change("router");
    await expect(desk(page)).toContainText("down 6 s");
    await expect(desk(page).getByRole("button", { name: "Kill event-router" })).toBeHidden();
    change("frozen");
    await expect(desk(page)).toContainText("frozen 6 s");
  });

  test("without a launcher there is only load", async ({ page }) => {
    await open(page, `/#controls=${TOKEN}`, { name: "knative", look: () => null });
    await expect(desk(page).getByRole("button")).toHaveText(["Quiet", "A busy day", "A stampede"]);
    await expect(desk(page).getByRole("slider")).toHaveCount(0);
  });

  test("where a launcher keeps a number, nobody decides until a person does", async ({ page }) => {
    const fixed = () => ({ ...STATES.pace(), mode: "fixed", reason: null, max: null });
    await open(page, `/#controls=${TOKEN}`, { name: fixed });
    const [automatic, byHand] = ["Automatic", "By hand"].map((name) => desk(page).getByRole("button", { name, exact: true }));
    await expect(automatic).toBeDisabled();
    await expect(byHand).toHaveAttribute("aria-pressed", "false");
    await desk(page).getByRole("button", { name: "One processor more" }).click();
    await expect(byHand).toHaveAttribute("aria-pressed", "true");
    await automatic.click();
    await expect(page.locator("#sentence")).toHaveText("As started: 4 processors.", SOON);
  });

  test("the focus stays in the row of a part that is killed with the keyboard", async ({ page }) => {
    const { change } = await open(page, `/#controls=${TOKEN}`);
    const kill = desk(page).getByRole("button", { name: "Kill event-router" });
    await kill.press("Enter");
    change("router");
    await expect(desk(page).getByText("down 6 s")).toBeFocused();
    change("pace");
    await expect(kill).toBeFocused();
  });

  test("a processor that was killed stays chosen, and cannot be killed again", async ({ page }) => {
    const { change } = await open(page, `/#controls=${TOKEN}`, { name: "pace" });
    await desk(page).getByRole("combobox").selectOption({ label: "Processor 2" });
    change("died");
    await expect(desk(page).getByRole("button", { name: "Kill message-processor-2" })).toBeDisabled();
    await desk(page).getByRole("combobox").selectOption({ label: "Processor 3" });
    await expect(desk(page).getByRole("button", { name: "Kill message-processor-3" })).toBeEnabled();
  });

  test("a phone has no controls, and a narrow window has them below the pipeline", async ({ page }) => {
    await open(page, `/#controls=${TOKEN}`);
    await page.setViewportSize({ width: 1000, height: 900 });
    const [scaling, controls] = [await page.locator(".scaling").boundingBox(), await desk(page).boundingBox()];
    expect(controls.y).toBeGreaterThanOrEqual(scaling.y + scaling.height);
    await page.setViewportSize({ width: 390, height: 844 });
    await expect(page.locator(".desk")).toBeHidden();
  });
});

test.describe("with a finger", () => {
  test.use({ hasTouch: true });

  test("a tap brings the tools of the stage, and only the next one presses them", async ({ page }) => {
    const { calls } = await open(page, `/stage#controls=${TOKEN}`);
    const tools = page.locator(".tools");
    const button = tools.getByRole("button", { name: "Quiet" });
    await expect(button).toBeAttached();
    const { x, y, width, height } = await button.boundingBox();
    const tap = () => page.touchscreen.tap(x + width / 2, y + height / 2);
    await tap();
    await expect(tools).toHaveCSS("opacity", "1");
    await tap();
    await expect(page.locator("#sentence")).toHaveText("Load: quiet.", SOON);
    await expect.poll(() => calls.map(asked), SOON).toEqual([["POST /demo/load/quiet", {}]]);
  });
});
