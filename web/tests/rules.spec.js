// The page's rules that need no browser: who gets which colour, when to ask again. Those of the wall: wall-rules.spec.js.

import { expect, test } from "@playwright/test";
import { Clock } from "../static/feed/clock.js";
import { pollDelay, retryDelay, waitDelay } from "../static/feed/pace.js";
import { isBurst, isReply } from "../static/feed/shapes.js";
import { characters, check } from "../static/send/limits.js";
import { Latest } from "../static/status/latest.js";
import { cut, grouped, short } from "../static/text.js";
import { isShared, Palette, styleOf } from "../static/wall/palette.js";
import { Sample } from "../static/wall/sample.js";
import { Seen } from "../static/wall/seen.js";
import * as en from "../static/translations/en.js";
import * as zh from "../static/translations/zh.js";
import * as joinEn from "../static/translations/join-en.js";
import * as joinZh from "../static/translations/join-zh.js";
import * as pipelineEn from "../static/translations/pipeline-en.js";
import * as pipelineZh from "../static/translations/pipeline-zh.js";

const MOST = { message: 100, concurrency: 100, duration: 300, rate: 1000 };
test("the server says which slot a processor has, and the others are grey", () => {
  const palette = new Palette();
  palette.update({ second: 2, first: 1, gone: 3 }, ["first", "second"], 0);
  palette.update({ second: 2, first: 1, gone: 3 }, ["second"], 1000);
  expect(["first", "second", "third"].map((name) => palette.slot(name))).toEqual([1, 2, 0]);
  expect(palette.legend()).toEqual([
    { name: "first", slot: 1, quiet: true },
    { name: "second", slot: 2, quiet: false },
  ]);
});

test("twelve processors look different, and a 13th takes the style of the first with its number", () => {
  expect([0, 1, 12, 13, 25].map(styleOf)).toEqual([0, 1, 12, 1, 1]);
  expect([0, 12, 13].map(isShared)).toEqual([false, false, true]);
});

const { now } = Date;
test.afterEach(() => {
  Date.now = now;
  delete performance.now; // that of its prototype is left
});

/**
 * No time passes: on a busy machine it would, between two parts of a line. Returns the page's own time, in ms, and a
 * server's, in ms since the epoch.
 */
function standStill() {
  const [own, server] = [performance.now(), now()];
  performance.now = () => own;
  return [own, server];
}

test("the quickest reply tells the server's time best", () => {
  const [own, server] = standStill();
  const clock = new Clock();
  const take = (now, askedAt, answeredAt, wait = 0) => clock.take({ now, askedAt, wait }, answeredAt);
  take(server, own - 10, own + 10);
  expect(Math.abs(clock.now() - server)).toBeLessThan(20);
  take(server - 1_000_000, own - 5000, own);
  expect(Math.abs(clock.now() - server)).toBeLessThan(20);
  // However long ago the best one was, a reply that waited says nothing.
  for (let i = 0; i < 500; i += 1) take(server - 1_000_000, own - 5000, own, 5);
  expect(Math.abs(clock.now() - server)).toBeLessThan(20);
});

test("a first reply out of a cache makes the page's clock late only until the next one", () => {
  const [own, server] = standStill();
  const clock = new Clock();
  clock.take({ now: server - 1250, askedAt: own }, own);
  expect(clock.now() - server).toBeLessThan(-1200);
  clock.take({ now: server - 3, wait: 5 }, own);
  expect(Math.abs(clock.now() - server)).toBeLessThan(20);
  clock.take({ now: server - 900, wait: 5 }, own);
  expect(Math.abs(clock.now() - server)).toBeLessThan(20);
});

for (const step of [3_600_000, -3_600_000]) {
  test(`a machine whose clock jumps by ${step} ms moves nothing of the server's time`, () => {
    const [own, server] = standStill();
    const clock = new Clock();
    clock.take({ now: server, askedAt: own - 10, wait: 0 }, own);
    Date.now = () => now() + step;
    expect(Math.abs(clock.now() - server)).toBeLessThan(20);
    clock.take({ now: server, askedAt: own - 5000, wait: 5 }, own);
    expect(Math.abs(clock.now() - server)).toBeLessThan(20);
  });
}

for (const wait of [0, 5]) {
  test(`after a sleep in which the page's time stood still, a slow reply is enough, after a wait of ${wait} s`, () => {
    const [own, server] = standStill();
    const clock = new Clock();
    clock.take({ now: server, askedAt: own - 2, wait: 0 }, own);
    clock.take({ now: server + 60_000, askedAt: own - 800, wait }, own);
    expect(Math.abs(clock.now() - (server + 60_000))).toBeLessThan(20);
  });
}

test("a machine whose clock is too fast does not leave the server's behind, however long the page waits", () => {
  const [own, server] = standStill();
  const clock = new Clock();
  for (let i = 0; i < 20_000; i += 1) {
    const at = own + i * 5000.25; // 50 millionths too fast
    performance.now = () => at;
    clock.take({ now: server + i * 5000, askedAt: at - 5000, wait: 5 }, at);
    if (Math.abs(clock.now() - (server + i * 5000)) > 20) throw new Error(`after ${i} replies`);
  }
});

test("a page that waits keeps its pace, and a crowd does not come back in one instant", () => {
  expect([0, 0.5, 1].map((random) => waitDelay(1, random))).toEqual([100, 100, 100]);
  expect([0, 0.5, 1].map((random) => waitDelay(400, random))).toEqual([400, 600, 800]);
});

for (const [what, english, chinese] of [
  ["page", en, zh],
  ["pipeline", pipelineEn, pipelineZh],
  ["guest", joinEn, joinZh],
]) {
  test(`both languages have the same texts of the ${what}`, () => expectSameTexts(english, chinese));
}

function expectSameTexts(english, chinese) {
  const shape = (texts) =>
    Object.entries(texts).map(([name, value]) =>
      value && typeof value === "object" ? [name, shape(value)] : [name, typeof value],
    );
  const sorted = (all) => all.map(([name, rest]) => [name, Array.isArray(rest) ? sorted(rest) : rest]).sort();
  expect(sorted(shape(chinese))).toEqual(sorted(shape(english)));
}

test("polls follow the server's pace and slow down only while nothing happens", () => {
  expect([0, 4, 5, 6, 7, 8, 9].map((empty) => pollDelay(400, empty))).toEqual([
    400, 400, 800, 1600, 3200, 5000, 5000,
  ]);
  expect(pollDelay(8000, 0)).toBe(8000);
  expect([1, 2, 3, 4, 5, 6].map((n) => retryDelay(n, 0.5))).toEqual([1000, 2000, 4000, 8000, 15000, 15000]);
  expect(retryDelay(1, 0)).toBe(800);
  expect(retryDelay(1, 1)).toBe(1200);
});

test("an answer of another shape is none of the homepage's", () => {
  const bullet = { id: "1", message: "hi", processor: "p", partition: 0, offset: 7, sent_at: 1, stored_at: 2 };
  const totals = { accepted: 1, stored: 1, waiting: 0 };
  const reply = { cursor: "c", now: 1, passed: 1, poll_after_ms: 400, bullets: [bullet], totals };
  const right = { ...reply, processors: ["p"], problems: [{ part: "table" }] };
  expect(isReply(right)).toBe(true);
  const wrong = [
    ...[{ cursor: 7 }, { cursor: undefined }, { now: "1" }, { passed: NaN }, { poll_after_ms: 0 }],
    ...[{ bullets: {} }, { bullets: [null] }, { bullets: [{ ...bullet, message: null }] }],
    ...[{ totals: null }, { totals: {} }, { slots: null }, { events: [1] }, { processors: "p" }, { processors: [1] }, { problems: [{}] }],
  ];
  for (const change of wrong) expect(isReply({ ...right, ...change }), JSON.stringify(change)).toBe(false);
  for (const json of [undefined, null, [], "login", 1]) expect([isReply(json), isBurst(json)]).toEqual([false, false]);
  expect(isBurst({ id: "1", state: "running", accepted: 0, stored: 0 })).toBe(true);
  expect(isBurst({ id: "1", state: "running", accepted: 0 })).toBe(false);
});

test("a sample is named until five seconds after the last gap", () => {
  const sample = new Sample();
  expect(sample.add(10, 10, 0)).toBeUndefined();
  expect(sample.add(10, 30, 1000)).toEqual({ received: 10, passed: 30 });
  expect(sample.add(5, 5, 6000)).toEqual({ received: 15, passed: 35 });
  expect(sample.add(5, 5, 6001)).toBeUndefined();
});

test("a bullet is new once, and only the last two thousand are remembered", () => {
  const seen = new Seen();
  const at = (offset) => ({ partition: 0, offset, id: "same" });
  expect(seen.add(at(0))).toBe(true);
  for (let i = 1; i < 2000; i += 1) seen.add(at(i));
  expect(seen.add(at(0))).toBe(false);
  seen.add(at(2000));
  expect(seen.add(at(0))).toBe(true);
});

test("bullets of two sources with equal ids are two, and so are those of a recreated topic", () => {
  const seen = new Seen();
  const places = [0, 1].flatMap((partition) => [0, 1, 2].map((offset) => ({ partition, offset })));
  const bullets = places.map((place) => ({ ...place, id: String(place.offset + 1) }));
  expect(bullets.map((bullet) => seen.add(bullet))).toEqual(Array(6).fill(true));
  expect(bullets.map((bullet) => seen.add(bullet))).toEqual(Array(6).fill(false));
  expect(seen.add({ partition: 0, offset: 0, id: "of the recreated topic" })).toBe(true);
  expect(seen.add({ partition: 1, offset: 11, id: "1" })).toBe(true);
  expect(seen.add({ partition: 11, offset: 1, id: "1" })).toBe(true);
});

test("characters are counted as the server counts them", () => {
  expect(characters("🎉🎉")).toBe(2);
  expect(characters("  e\u0301\n")).toBe(1);
  expect(characters("e\u0000\u0301")).toBe(1);
  expect(characters("\u0000\u001b ")).toBe(0);
  expect(characters("a\tb")).toBe(3);
});

test("only whole numbers within the limits pass", () => {
  const typed = { message: "hi", concurrency: " 100 ", duration: "300", rate: "01000" };
  expect(check(typed, MOST)).toEqual({
    values: { message: "hi", concurrency: 100, duration: 300, rate: 1000 },
    errors: {},
    isValid: true,
  });
  for (const bad of ["", "0", "101", "1.5", "1e1", "-1", "٣", "99999999999999"]) {
    expect(Object.keys(check({ ...typed, concurrency: bad }, MOST).errors), bad).toEqual(["concurrency"]);
  }
});

test("texts are cut between letters, and numbers are grouped by thousands", () => {
  const family = "👩‍👩‍👧‍👦";
  expect(cut(family.repeat(5), 3)).toBe(`${family.repeat(2)}…`);
  expect(cut("short", 60)).toBe("short");
  expect(["message-processor-x7k2p", "message-processor-2", "one"].map(short)).toEqual([
    "x7k2p",
    "processor-2",
    "one",
  ]);
  expect([7, 999, 1000, 1234567].map(grouped)).toEqual(["7", "999", "1\u202f000", "1\u202f234\u202f567"]);
});

test("the sum of the last minute forgets what is older", () => {
  const latest = new Latest();
  expect(latest.add(5, 0)).toBe(5);
  expect(latest.add(2, 500)).toBe(7);
  expect(latest.add(1, 30_000)).toBe(8);
  expect(latest.add(0, 59_999)).toBe(8);
  expect(latest.add(0, 60_000)).toBe(1);
  expect(latest.add(0, 91_000)).toBe(0);
});
