// The form: what it refuses, what it keeps, and that it needs no JavaScript.

import { ended, expect, fill, flown, hold, sendButton, test, unique } from "./support/page.js";

const INVALID = { message: "Hello from the keynote", concurrency: "250", duration: "0" };

async function expectInvalid(page) {
  for (const [name, value] of Object.entries(INVALID))
    await expect(page.locator(`#${name}`)).toHaveValue(value);
  for (const name of ["concurrency", "duration"]) {
    await expect(page.locator(`#${name}`)).toHaveAttribute("aria-invalid", "true");
    await expect(page.locator(`#${name}-error`)).not.toBeEmpty();
  }
  await expect(page.locator("#message")).not.toHaveAttribute("aria-invalid");
  await expect(page.locator("#concurrency")).toBeFocused();
  await expect(page.locator("#strip-line")).toContainText("Nothing was sent");
}

test("wrong numbers are marked, kept, and the first gets the focus", async ({ page }) => {
  await page.goto("/");
  const posts = [];
  page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
  await fill(page, INVALID);
  await page.keyboard.press("Enter");
  await expectInvalid(page);
  expect(posts).toEqual([]);
});

test.describe("the server's own refusal", () => {
  test.use({ expectsFailedRequests: true });

  test("is marked like what the page itself finds wrong", async ({ page }) => {
    await page.goto("/");
    await page
      .locator("input")
      .evaluateAll((all) => all.forEach((input) => (input.dataset.max = "1000000")));
    await fill(page, { ...INVALID, duration: "301" });
    await page.keyboard.press("Enter");
    await expect(page.locator("#concurrency-error")).not.toBeEmpty();
    await expect(page.locator("#duration-error")).not.toBeEmpty();
    await expect(page.locator("#concurrency")).toBeFocused();
  });
});

test("100 emoji are a message and 101 are not", async ({ page }) => {
  await page.goto("/");
  const text = "🎉".repeat(100);
  await fill(page, { message: `${text}🎉`, concurrency: 1, duration: 1, rate: 1 });
  await page.keyboard.press("Enter");
  await expect(page.locator("#message")).toBeFocused();
  await expect(page.locator("#message-error")).toHaveText("1 too many. At most 100 characters.");
  await fill(page, { message: text });
  await sendButton(page).click();
  expect(await ended(page, "Done")).toEqual({ accepted: 1, stored: 1 });
});

test("a message that nobody can see is refused beside its field", async ({ page }) => {
  await page.goto("/");
  for (const blank of ["\u200b", "\u3164\u2800", "\u0301", "\u202e\u{e0041}"]) {
    await fill(page, { message: blank, concurrency: 1, duration: 1, rate: 1 });
    await page.keyboard.press("Enter");
    await expect(page.locator("#message-error")).toHaveText(/visible character/);
    await expect(page.locator("#message")).toBeFocused();
  }
});

for (const [path, error] of [
  ["/", "30 too many. At most 100 characters."],
  ["/?lang=zh", "超出 30 个字符，最多 100 个。"],
]) {
  test(`130 letters are told how many are too many on ${path}`, async ({ page }) => {
    await page.goto(path);
    await fill(page, { message: "x".repeat(130) });
    await page.keyboard.press("Enter");
    await expect(page.locator("#message-error")).toHaveText(error);
  });
}

test("a preset fills the form and says what it will do", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator("#pill")).toHaveText("Live");
  await page.locator("#quiet").evaluate((panel) => (panel.hidden = false)); // other tests may have just sent
  await page.getByRole("link", { name: "20 senders, 30 s" }).click();
  await expect(page.locator("#concurrency")).toHaveValue("20");
  await expect(page.locator("#duration")).toHaveValue("30");
  await expect(page.locator("#strip-line")).toContainText("20 parallel senders");
  await expect(sendButton(page)).toBeFocused();
});

for (const [status, reason] of [
  [429, "Too many messages are being sent now."],
  [503, "Kafka does not accept messages now."],
]) {
  test.describe(`a ${status}`, () => {
    test.use({ expectsFailedRequests: true });
    test("keeps the values, counts down, and opens Send again", async ({ page }) => {
      await page.route("**/bursts", (route) => {
        return route.fulfill({ status, headers: { "retry-after": "2" }, json: { title: "refused" } });
      });
      await page.clock.install();
      await page.goto("/");
      await expect(page.locator("#pill")).toHaveText("Live");
      await hold(page);
      await fill(page, { message: "kept" });
      await sendButton(page).click();
      await expect(page.locator("#strip-line")).toHaveText(`${reason} Try again in 2 s.`);
      await expect(sendButton(page)).toHaveAttribute("aria-disabled", "true");
      await page.clock.fastForward(2000);
      await expect(page.locator("#strip-line")).toHaveText(reason);
      await expect(sendButton(page)).toHaveAttribute("aria-disabled", "false");
      await expect(page.locator("#message")).toHaveValue("kept");
    });
  });
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the form sends, and the list shows the messages after a reload", async ({ page }) => {
    await page.goto("/?rate=2");
    const text = unique("plain form");
    await fill(page, { message: text, concurrency: 2, duration: 1 });
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL("/");
    await expect(page.locator("#strip-line")).toHaveText(/^The burst has begun\. It sends at most 4 messages\./);
    await page.goto("/");
    await expect(page.locator("#strip-line")).not.toContainText("has begun"); // it is said once
    await expect(async () => {
      await page.goto("/");
      await expect(page.getByRole("cell", { name: text })).toHaveCount(4, { timeout: 500 });
    }).toPass();
    await expect(page.locator("#counters")).toBeHidden();
    await expect(page.getByRole("link", { name: "Reload" })).toBeVisible();
  });

  test.describe("a refused form", () => {
    test.use({ expectsFailedRequests: true });
    test("comes back with every value and its errors", async ({ page }) => {
      await page.goto("/");
      await fill(page, INVALID);
      await page.keyboard.press("Enter");
      await expectInvalid(page);
    });
  });
});

test.describe("a form that is sent before the scripts come", () => {
  test.use({ expectsFailedRequests: true });

  /** Sends the form as the browser does by itself, and waits until the next page's scripts have run. */
  async function sendPlainly(page, values) {
    await page.goto("/");
    await fill(page, values);
    const answered = page.waitForEvent("load");
    await page.locator("#send form").evaluate((form) => form.submit());
    await answered;
    await expect(page.locator("#pill[data-state=live], #pill[data-state=behind]")).toBeAttached();
    await expect(sendButton(page)).toHaveAttribute("aria-disabled", "false");
  }

  test("is confirmed until something is typed", async ({ page }) => {
    await sendPlainly(page, { message: unique("plainly"), concurrency: 1, duration: 1 });
    const line = page.locator("#strip-line");
    await expect(line).toHaveText(/^The burst has begun\./, { timeout: 1000 });
    await expect(line).toHaveClass(/good/);
    await fill(page, { concurrency: 2 });
    await expect(line).toHaveText(/^2 parallel senders /);
  });

  test("and is refused says why, also after an outage", async ({ page }) => {
    await sendPlainly(page, INVALID);
    await expectInvalid(page);
    const lose = (route) => route.abort();
    await page.route("**/feed?*", lose);
    const line = page.locator("#strip-line");
    await expect(line).toContainText("Sending is off");
    await page.unroute("**/feed?*", lose);
    await expect(line).toContainText("Nothing was sent");
    await expect(line).toHaveClass(/bad/);
  });
});

test("markup, direction overrides and joined emoji stay text", async ({ page }) => {
  await page.goto("/");
  const texts = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\u202eabc txt.exe",
    "👩‍👩‍👧‍👦".repeat(14),
  ];
  const dialogs = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    return dialog.dismiss();
  });
  for (const text of texts) {
    await fill(page, { message: text, concurrency: 1, duration: 1, rate: 1 });
    await sendButton(page).click();
    await ended(page, "Done");
    await expect.poll(() => flown(page, text), text).toBe(1);
  }
  await expect(page.locator("#sky").locator("img, script")).toHaveCount(0);
  await page.getByRole("button", { name: "List" }).click();
  for (const text of texts)
    await expect(page.locator("#list-body bdi").getByText(text, { exact: true })).toHaveCount(1);
  await expect(page.locator("#list-body").locator("img, script")).toHaveCount(0);
  expect(dialogs).toEqual([]);
});
