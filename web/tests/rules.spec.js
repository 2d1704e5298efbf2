// The page's rules that need no browser: what merges, who gets which colour, when to ask again.

import { expect, test } from "@playwright/test";
import { characters, check } from "../static/send/limits.js";
import { pollDelay, retryDelay } from "../static/feed/pace.js";
import { Palette } from "../static/wall/palette.js";
import { Queue } from "../static/wall/queue.js";
import { Sample } from "../static/wall/sample.js";
import { Seen } from "../static/wall/seen.js";
import { cut, grouped } from "../static/text.js";
import { Tracks } from "../static/wall/tracks.js";

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

test("equal messages of one processor merge, and no message is lost in merging or folding", () => {
  const queue = new Queue();
  for (let i = 0; i < 1000; i += 1) queue.add(bullet(`text ${i % 400}`, `p${i % 2}`), true);
  queue.addUnseen(7, true);
  expect(queue.messages).toBe(1007);
  const taken = drain(queue);
  expect(taken.filter(({ text }) => text !== undefined)).toHaveLength(60);
  expect(taken.reduce((sum, { n }) => sum + n, 0)).toBe(1007);
  expect(taken.reduce((sum, { counts }) => sum + counts, 0)).toBe(1007);
});

test("messages from before the page opened fly but do not count", () => {
  const queue = new Queue();
  queue.add(bullet("hi"), true);
  queue.uncount();
  queue.add(bullet(" hi "), true);
  expect(queue.take(0)).toEqual({ processor: "a", text: "hi", n: 2, counts: 1 });
});

test("a processor keeps its colour for a minute, and a ninth takes the one that is quiet longest", () => {
  const palette = new Palette();
  const eight = ["a", "b", "c", "d", "e", "f", "g", "h"];
  palette.update(eight, 0);
  expect(eight.map((name) => palette.slot(name, 0))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(palette.slot("ninth", 0)).toBe(0);
  palette.update(
    eight.filter((name) => name !== "c"),
    1000,
  );
  palette.update(["a"], 2000);
  expect(palette.slot("ninth", 2000)).toBe(3);
  expect(palette.slot("b", 2000)).toBe(2);
  palette.update(["a"], 62_001);
  expect(palette.legend()).toEqual([{ name: "a", slot: 1, quiet: false }]);
});

test("a track is free once its last bullet is a gap inside the wall", () => {
  const tracks = new Tracks();
  tracks.resize(1000, 44);
  const animation = { currentTime: null };
  tracks.occupy(0, { animation, from: 1000, width: 200, speed: tracks.speed, ended: false });
  expect(tracks.free()).toBeUndefined();
  animation.currentTime = (200 + tracks.gap) / tracks.speed - 1;
  expect(tracks.free()).toBeUndefined();
  animation.currentTime += 2;
  expect(tracks.free()).toBe(0);
});

test("polls follow the server's pace and slow down only while nothing happens", () => {
  expect([0, 4, 5, 6, 7, 8, 9].map((empty) => pollDelay(400, empty))).toEqual([
    400, 400, 800, 1600, 3200, 5000, 5000,
  ]);
  expect(pollDelay(8000, 0)).toBe(8000);
  expect([1, 2, 3, 4, 5, 6].map((n) => retryDelay(n, 0.5))).toEqual([1000, 2000, 4000, 8000, 15000, 15000]);
  expect(retryDelay(1, 0)).toBe(800);
  expect(retryDelay(1, 1)).toBe(1200);
});

test("a sample is named until five seconds after the last gap", () => {
  const sample = new Sample();
  expect(sample.add(10, 10, 0)).toBeUndefined();
  expect(sample.add(10, 30, 1000)).toEqual({ received: 10, passed: 30 });
  expect(sample.add(5, 5, 6000)).toEqual({ received: 15, passed: 35 });
  expect(sample.add(5, 5, 6001)).toBeUndefined();
});

test("an id is new once, and only the last two thousand are remembered", () => {
  const seen = new Seen();
  expect(seen.add("first")).toBe(true);
  for (let i = 0; i < 1999; i += 1) seen.add(i);
  expect(seen.add("first")).toBe(false);
  seen.add("one more");
  expect(seen.add("first")).toBe(true);
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
  expect([7, 999, 1000, 1234567].map(grouped)).toEqual(["7", "999", "1\u202f000", "1\u202f234\u202f567"]);
});
