// The list: in the order of the times that it shows, however the messages come.

import { changeReplies, expect, test, unique } from "./support/page.js";

test("the newest message is first, although the partitions come one after the other", async ({ page }) => {
  const text = unique("ordered");
  const replies = [
    [50, 10, 40],
    [20, 60, 30],
  ];
  await changeReplies(page, (reply, isFirst) => {
    if (isFirst) return reply;
    const bullets = (replies.shift() ?? []).map((second) => {
      const at = Date.UTC(2030, 0, 1, 12, 0, second);
      const position = { id: String(second), partition: 0, offset: 1e9 + second };
      const times = { sent_at: at, received_at: at, stored_at: at };
      return { ...position, ...times, message: `${text} ${second}`, burst: "b", sender: 1, seq: 1, processor: "p" };
    });
    return { ...reply, bullets, passed: bullets.length };
  });
  await page.goto("/");
  await page.getByRole("button", { name: "List" }).click();
  const rows = page.locator("#list-body tr", { hasText: text });
  await expect(rows).toHaveCount(6);
  const times = await rows.locator("td:nth-child(2)").allTextContents();
  expect(times).toEqual([...times].sort().reverse());
});

test("of two messages of the same time, the one that came last is first", async ({ page }) => {
  const text = unique("at once");
  let isSent = false;
  await changeReplies(page, (reply, isFirst) => {
    if (isFirst) return reply;
    const at = Date.UTC(2030, 0, 1);
    const bullets = ["first", "second"].map((name, n) => {
      const position = { id: name, partition: 0, offset: 2e9 + n };
      const times = { sent_at: at, received_at: at, stored_at: at };
      return { ...position, ...times, message: `${text} ${name}`, burst: "b", sender: 1, seq: 1, processor: "p" };
    });
    const answer = isSent ? {} : { bullets, passed: 2 };
    isSent = true;
    return { ...reply, ...answer };
  });
  await page.goto("/");
  await page.getByRole("button", { name: "List" }).click();
  const rows = page.locator("#list-body tr", { hasText: text });
  await expect(rows).toContainText(["second", "first"]);
});
