// The page's rules that need no browser: what merges, who gets which colour, when to ask again.

import { expect, test } from "@playwright/test";
import { Clock } from "../static/feed/clock.js";
import { askDelay, pollDelay, retryDelay } from "../static/feed/pace.js";
import { isBurst, isReply } from "../static/feed/shapes.js";
import { characters, check } from "../static/send/limits.js";
import { cut, grouped, short } from "../static/text.js";
import { layout } from "../static/wall/sizes.js";
import { isShared, Palette, styleOf } from "../static/wall/palette.js";
import { Queue } from "../static/wall/queue.js";
import { Sample } from "../static/wall/sample.js";
import { Seen } from "../static/wall/seen.js";
import * as en from "../static/translations/en.js";
import * as zh from "../static/translations/zh.js";
import * as pipelineEn from "../static/translations/pipeline-en.js";
import * as pipelineZh from "../static/translations/pipeline-zh.js";

const MOST = { message: 100, concurrency: 100, duration: 300, rate: 1000 };
const bullet = (message, processor = "a") => ({ message, processor });

function drain(queue) {
  const taken = [];
  for (let now = 0; !queue.isEmpty; now += 100) {
    const entry = queue.take(now);
    if (entry) taken.push(entry);
  }
  return taken;
}

const COUNTED = { counts: true, isMine: true };

test("equal messages of one processor merge, and no message is lost in merging or folding", () => {
  const queue = new Queue();
  for (let i = 0; i < 1000; i += 1) queue.add(bullet(`text ${i % 400}`, `p${i % 2}`), COUNTED);
  queue.addUnseen(7, true);
  expect(queue.messages).toBe(1007);
  const taken = drain(queue);
  const sum = (name) => taken.reduce((all, entry) => all + entry[name], 0);
  expect(taken.filter(({ text }) => text !== undefined)).toHaveLength(60);
  expect([sum("n"), sum("counts"), sum("mine")]).toEqual([1007, 1007, 1000]);
});

test("messages from before the page opened fly but do not count, and a merge knows its first message", () => {
  const queue = new Queue();
  const first = bullet("hi");
  queue.add(first, COUNTED);
  queue.uncount();
  queue.add(bullet(" hi "), { counts: true, isMine: false });
  expect(queue.take(0)).toEqual({ processor: "a", text: "hi", first, n: 2, counts: 1, mine: 1 });
});

test("on a full wall one bullet of this page's own burst goes first every three seconds", () => {
  const queue = new Queue();
  for (let i = 0; i < 40; i += 1) queue.add(bullet(`other ${i}`), { counts: true, isMine: false });
  for (const processor of ["a", "b"]) queue.add(bullet("own", processor), COUNTED);
  const places = drain(queue).flatMap(({ mine }, i) => (mine > 0 ? [i] : []));
  expect(places).toEqual([0, 30]);
});

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

test("tracks fill the height of the wall, and bullets grow with screens wider than 1920 px", () => {
  expect(layout(390, 365)).toEqual({ size: 18, speed: 0.09, gap: 36, trackHeight: 365 / 9 });
  expect(layout(1400, 440)).toEqual({ size: 21, speed: 0.15, gap: 60, trackHeight: 44 });
  expect(layout(300, 20).trackHeight).toBe(20);
  expect(layout(2400, 440).size).toBe(21 * 1.25);
});

test("on the stage all sizes are in its unit, 1/108 of the height", () => {
  expect(layout(1920, 360, 10)).toEqual({ size: 41, speed: 0.2, gap: 80, trackHeight: 52.5 });
  expect(layout(3840, 630, 20)).toEqual({ size: 82, speed: 0.4, gap: 160, trackHeight: 105 });
  for (const units of [36, 31.5]) expect(Math.floor((units * 10) / layout(1920, units * 10, 10).trackHeight)).toBe(6);
});

test("the quickest reply tells the server's time best", () => {
  const clock = new Clock();
  const ahead = () => clock.now() - Date.now();
  clock.take(1_000_000 + Date.now(), Date.now() - 10, Date.now() + 10);
  expect(Math.abs(ahead() - 1_000_000)).toBeLessThan(20);
  clock.take(Date.now(), Date.now() - 5000, Date.now());
  expect(Math.abs(ahead() - 1_000_000)).toBeLessThan(20);
});

for (const [what, english, chinese] of [
  ["page", en, zh],
  ["pipeline", pipelineEn, pipelineZh],
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
  expect([1, 99, 250].map(askDelay)).toEqual([100, 100, 250]);
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
