// What the tests of the guest's page share.

import { expect } from "./page.js";

export const isLive = (page) => expect(page.locator("#pill[data-state=live]")).toBeAttached();
export const field = (page) => page.locator("#message");
export const go = (page) => page.locator("#go");
/** The row of one's own message with this text. */
export const own = (page, text) => page.locator("#own li").filter({ hasText: text });
const ON_THE_WALL = /^(On the wall now|Was on the wall after \d+\.\d s), processor \d+$/;

export async function open(page, path = "/join") {
  await page.goto(path);
  await isLive(page);
}

/** Counts the requests to send; `answer(route, n)` may answer them, the n-th from 1 on. */
export async function countPosts(page, answer = (route) => route.continue()) {
  const posts = [];
  await page.route("**/messages", (route) => {
    posts.push(route.request().postDataJSON());
    return answer(route, posts.length);
  });
  return posts;
}

/** The server takes what is sent, with such a pause, and knows no more of it. */
export async function take(page, cooldown_ms) {
  await page.route("**/messages/*/*", (route) => route.fulfill({ json: { state: "waiting", row: null } }));
  return countPosts(page, (route, n) =>
    route.fulfill({ status: 202, json: { id: `made-up-${n}`, partition: 0, offset: 1e9 + n, cooldown_ms } }),
  );
}

export const isOnWall = (page, text) => expect(own(page, text).locator("p")).toHaveText(ON_THE_WALL);
