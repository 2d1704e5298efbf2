// What the pipeline says and draws, by its rules alone: no browser.

import { expect, test } from "@playwright/test";
import { failure, isAllowed, isWorthAgain, scaled, tokenOf } from "../static/pipeline/demo.js";
import { choices } from "../static/pipeline/desk.js";
import { keyOf, listed, stateOf } from "../static/pipeline/lanes.js";
import { remembered } from "../static/pipeline/log.js";
import { marksOf, placed } from "../static/pipeline/marks.js";
import { rate, seconds } from "../static/pipeline/numbers.js";
import { identityOf, Pace, rounded, sentence } from "../static/pipeline/sentence.js";
import { complete, Expected, isState, isZero, reasonOf, screenOf } from "../static/pipeline/state.js";
import { roundedTime } from "../static/text.js";
import * as en from "../static/translations/pipeline-en.js";
import * as zh from "../static/translations/pipeline-zh.js";
import { STATES } from "./support/pipeline.js";

/** What each state says, with its tone. */
const SAID = {
  zero: ["t3", "Nothing runs. Send the first message.", "一切静止。发出第一条消息吧。"],
  cold: [
    "accent",
    "1 message waits in Kafka: the first processor is starting, 0.8 s so far.",
    "1 条消息在 Kafka 中等待：首个处理器正在启动，已用 0.8 秒。",
  ],
  behind: [
    "warn",
    "260 a second arrive, 1 processor finishes 100: 4 are wanted, 3 are starting.",
    "每秒到达 260 条，1 个处理器只能完成 100 条：需要 4 个，3 个正在启动。",
  ],
  scaling: [
    "warn",
    "4 processors finish 330 a second, 260 arrive: the backlog is gone in about 22 s.",
    "4 个处理器每秒完成 330 条，到达 260 条：积压约 22 秒后清空。",
  ],
  full: [
    "warn",
    "1\u202f000 a second arrive, 8 processors finish 800: no more are allowed, the backlog grows by 200 a second.",
    "每秒到达 1\u202f000 条，8 个处理器完成 800 条：已到上限，积压每秒增加 200 条。",
  ],
  twelve: [
    "good",
    "480 a second need only 7 processors: 4 finish their calls and go.",
    "每秒 480 条只需 7 个处理器：4 个处理完手头请求后退出。",
  ],
  pace: ["accent", "4 processors keep pace with 260 a second.", "4 个处理器跟得上每秒 260 条。"],
  scalingIn: [
    "good",
    "60 a second need only 1 processor: 2 finish their calls and go.",
    "每秒 60 条只需 1 个处理器：2 个处理完手头请求后退出。",
  ],
  idle: ["t3", "Nothing to do: back to zero in 60 s.", "没有消息：60 秒后缩容到零。"],
  router: [
    "bad",
    "The event-router has not answered for 6 s: messages wait safely in Kafka.",
    "路由已 6 秒没有响应：消息安全地等在 Kafka 中。",
  ],
  kafka: [
    "bad",
    "Kafka has not answered for 6 s: nothing can be sent, what was accepted is safe.",
    "Kafka 已 6 秒没有响应：暂时无法发送，已接收的消息是安全的。",
  ],
  table: [
    "bad",
    "The table has not answered for 6 s: work goes on when it is back, nothing is lost.",
    "数据表已 6 秒没有响应：恢复后继续处理，不会丢失。",
  ],
  homepage: [
    "bad",
    "The homepage has not answered for 6 s: messages wait safely in Kafka.",
    "主页已 6 秒没有响应：消息安全地等在 Kafka 中。",
  ],
  processors: [
    "bad",
    "The processors have not answered for 6 s: messages wait safely in Kafka.",
    "处理器已 6 秒没有响应：消息安全地等在 Kafka 中。",
  ],
  frozen: [
    "bad",
    "The event-router has been frozen for 6 s: messages wait safely in Kafka.",
    "路由已被冻结 6 秒：消息安全地等在 Kafka 中。",
  ],
  died: ["accent", "3 processors keep pace with 260 a second.", "3 个处理器跟得上每秒 260 条。"],
  knative: ["accent", "4 processors keep pace with 260 a second.", "4 个处理器跟得上每秒 260 条。"],
};

const whole = ({ reason, result, leads }, space) =>
  (leads ? [result, reason] : [reason, result]).filter(Boolean).join(space);

for (const [name, [tone, english, chinese]] of Object.entries(SAID)) {
  test(`the state "${name}" has its sentence in both languages`, () => {
    const state = STATES[name]();
    expect(isState(state)).toBe(true);
    const said = [en, zh].map((texts) => sentence(state, texts.sentence));
    expect(said.map((it, i) => whole(it, [en, zh][i].space))).toEqual([english, chinese]);
    expect(said.map((it) => it.tone)).toEqual([tone, tone]);
  });
}

test("every made-up state is checked", () => {
  expect(Object.keys(STATES).sort()).toEqual(Object.keys(SAID).sort());
});

const say = (change) => {
  const it = sentence({ ...STATES.pace(), ...change }, en.sentence);
  return whole(it, " ");
};

/** A history whose waiting ends with these values. */
test("a full wall is told while the pipeline keeps pace, in numbers that add up, and no more serious matter is hidden", () => {
  const crowd = { texts: 40, fly: 19, folded: 21, oldest: 2410 };
  expect(say({ crowd })).toBe("40 different texts a second: 19 fly, 21 are folded, none is older than 2.4 s.");
  expect(say({ crowd: { fly: 1, folded: 1, oldest: 90 } })).toBe("2 different texts a second: 1 flies, 1 is folded, none is older than 0.1 s.");
  expect(say({ crowd: { fly: 104, folded: 152, oldest: 0 } })).toContain("250 different texts a second: 100 fly, 150 are folded");
  const chinese = sentence({ ...STATES.pace(), crowd }, zh.sentence);
  expect([chinese.tone, whole(chinese, zh.space)]).toEqual(["accent", "每秒 40 条不同弹幕：19 条飞过，21 条折叠，最久不超过 2.4 秒。"]);
  for (const name of ["kafka", "scaling", "behind", "scalingIn"]) expect(sentence({ ...STATES[name](), crowd }, en.sentence).key, name).not.toBe("dense");
});

const waiting = (...last) => ({ history: { ...STATES.pace().history, waiting: [...Array(90 - last.length).fill(0), ...last] } });

test("a part that is down comes before everything, and of several the one that matters most", () => {
  const down = [{ part: "table", for_ms: 9000, frozen: false }, { part: "kafka", for_ms: 2000, frozen: false }];
  expect(say({ down, waiting: 9000 })).toMatch(/^Kafka has not answered for 2 s:/);
  expect(say({ down: [{ part: "something else", for_ms: 1 }] })).toBe("4 processors keep pace with 260 a second.");
});

test("a backlog is said after three seconds of growth, or at once when it is three seconds of work", () => {
  const grows = { in: 300, out: 260, waiting: 160 };
  expect(say({ ...grows, ...waiting(40, 80, 120, 160) })).toContain("the backlog grows by 40 a second.");
  expect(say({ ...grows, ...waiting(200, 80, 120, 160) })).toContain("keep pace");
  expect(say({ in: 300, out: 260, waiting: 800 })).toContain("the backlog grows by 40 a second.");
  expect(say({ in: 5, out: 5, waiting: 15 })).toContain("keep pace"); // so few are no backlog
});

test("a backlog that neither grows nor shrinks is counted", () => {
  expect(say({ in: 260, out: 261, waiting: 900 })).toBe(
    "260 a second arrive, 4 processors finish 260: 900 messages wait.",
  );
});

test("the time until a backlog is gone is rounded as people estimate, and left out above ten minutes", () => {
  const left = (messages, out = 360) => say({ in: 260, out, waiting: messages });
  expect(left(2230)).toContain("gone in about 22 s.");
  expect(left(4370)).toContain("gone in about 45 s.");
  expect(left(20_000)).toContain("gone in about 3 minutes.");
  expect(left(61_000)).toContain("the backlog shrinks.");
});

test("what nobody tells is not said: no number that is wanted, and not that nothing runs", () => {
  const zero = { ...STATES.zero(), wanted: null };
  expect(whole(sentence(zero, en.sentence), " ")).toBe("The wall is quiet. Send the first message.");
  expect(whole(sentence({ ...STATES.cold(), processors: [], wanted: null }, en.sentence), " ")).toBe(
    "1 message waits in Kafka: no processor has answered yet.",
  );
  const soon = { ...STATES.idle(), zero_in_ms: null };
  expect(whole(sentence(soon, en.sentence), " ")).toBe("Nothing to do: back to zero soon.");
  expect(whole(sentence(soon, zh.sentence), "")).toBe("没有消息：即将缩容到零。");
  expect(whole(sentence({ ...STATES.idle(), mode: null, min: null }, en.sentence), " ")).toBe(
    "Nothing to do: 4 processors are ready.",
  );
});

test("while nothing is ready, the sentence says what keeps the messages", () => {
  const one = (state) => ({ slot: 1, name: "message-processor-1", state, for_ms: 900, rate: 0, calls: 0 });
  const unready = (change) => {
    const state = { ...STATES.zero(), in: 20, waiting: 40, processors: [], ...change };
    return [en, zh].map((texts) => whole(sentence(state, texts.sentence), texts.space));
  };
  expect(unready({ processors: [one("died")] })).toEqual([
    "40 messages wait in Kafka: the processor died and starts again.",
    "40 条消息在 Kafka 中等待：处理器已崩溃，正在重启。",
  ]);
  expect(unready({ processors: [one("frozen"), one("frozen")] })).toEqual([
    "40 messages wait in Kafka: the processors are frozen.",
    "40 条消息在 Kafka 中等待：处理器已被冻结。",
  ]);
  const off = { mode: "by_hand", wanted: 0 };
  expect(unready(off)).toEqual([
    "40 messages wait in Kafka: by hand, no processor may run.",
    "40 条消息在 Kafka 中等待：手动设为零，不运行任何处理器。",
  ]);
  expect(unready({ ...off, in: 0, waiting: 0 })[0]).toBe("Nothing runs. By hand, no processor may run.");
  expect(unready({ in: 0, waiting: 0, processors: [one("died")] })[0]).toBe("The processor died and starts again.");
});

test("it is not zero while a processor starts, drains, has died or is frozen", () => {
  const states = ["starting", "draining", "died", "frozen", "gone"];
  const isZeroWith = (state) => isZero({ ...STATES.zero(), processors: [{ slot: 1, state }] });
  expect(states.map(isZeroWith)).toEqual([false, false, false, false, true]);
});

test("what a person has chosen is not told as what the load needs", () => {
  const draining = { ...STATES.scalingIn(), mode: "by_hand", wanted: 2 };
  expect(whole(sentence(draining, en.sentence), " ")).toBe("2 are wanted by hand: 2 finish their calls and go.");
  expect(whole(sentence(draining, zh.sentence), "")).toBe("手动设为 2 个：2 个处理完手头请求后退出。");
  const none = { ...draining, wanted: 0, ready: 0, waiting: 0, processors: [{ slot: 1, state: "draining" }] };
  expect(whole(sentence(none, en.sentence), " ")).toBe("None is wanted by hand: 1 finishes its calls and goes.");
  const last = { ...draining, mode: "automatic", in: 0, out: 0, waiting: 0, wanted: 0 };
  expect(whole(sentence(last, en.sentence), " ")).toBe("No messages come: 2 finish their calls and go.");
  expect(whole(sentence({ ...last, waiting: 5 }, en.sentence), " ")).toBe("Nothing new comes: 2 finish their calls and go.");
  const started = { ...STATES.zero(), mode: "by_hand", wanted: 3, processors: Array(3).fill({ slot: 1, state: "starting" }) };
  expect(whole(sentence(started, en.sentence), " ")).toBe("3 processors are starting.");
});

test("without new messages those under way are counted", () => {
  expect(say({ in: 0, waiting: 12, out: 30 })).toBe("Nothing new comes: 12 are under way.");
  expect(say({ in: 0.04, waiting: 1, out: 3 })).toBe("Nothing new comes: 1 is under way.");
});

test("one is one", () => {
  expect(say({ in: 1, out: 0.3, waiting: 21 })).toMatch(/^1 a second arrives, /);
  const one = { ...STATES.scalingIn(), in: 1 };
  expect(whole(sentence(one, en.sentence), " ")).toBe("1 a second needs only 1 processor: 2 finish their calls and go.");
});

test("minutes are whole", () => {
  const down = [{ part: "kafka", for_ms: 125_000, frozen: false }];
  expect(say({ down })).toMatch(/^Kafka has not answered for 2 minutes:/);
  expect(sentence({ ...STATES.pace(), down }, zh.sentence).result).toBe("Kafka 已 2 分钟没有响应：");
});

test("a reason is told only where it gives the number that is wanted, with the digits that it takes", () => {
  const of = (calls, wanted, change) => reasonOf({ reason: { calls, target: 7 }, wanted, min: 0, max: 8, ...change });
  expect(of(33.2, 5)).toEqual({ calls: 33, target: 7 });
  expect(of(7.4, 2)).toEqual({ calls: 7.4, target: 7 });
  expect(of(7.02, 2)).toEqual({ calls: 7.1, target: 7 });
  expect(of(96.4, 8)).toEqual({ calls: 96, target: 7 });
  expect(of(0, 1, { min: 1 })).toEqual({ calls: 0, target: 7 });
  expect([of(33.2, 6), of(33.2, null), of(null, 5), of(5, 1, { reason: null })]).toEqual(Array(4).fill(undefined));
  expect(en.labels.reason(1, 7)).toBe("1 call ÷ 7 each");
});

test("a control that did not work says why in the language of the page, with one full stop", () => {
  const after = (error, texts = en) => failure(error, texts.said);
  expect(after({ status: 403, message: "" })).toBe("That did not work: it is not allowed here.");
  expect(after({ status: 409, message: "not running." }, zh)).toBe("没有成功：它现在没有运行。");
  expect(after(new TypeError("Failed to fetch"))).toBe("That did not work: the server does not answer.");
  expect(after({ status: 500, message: "It broke." })).toBe("That did not work: It broke.");
});

test("what a control has asked for holds until the server says it, or for two seconds", () => {
  const expected = new Expected();
  const told = { wanted: 1, mode: "automatic", waiting: 3 };
  expect(expected.in(told, 0)).toEqual(told);
  for (const wanted of [2, 3, 4, 5]) expected.set({ wanted, mode: "by_hand" }, 100);
  expect(expected.in(told, 600)).toEqual({ wanted: 5, mode: "by_hand", waiting: 3 });
  expect(expected.in({ ...told, wanted: 2, mode: "by_hand" }, 1100)).toMatchObject({ wanted: 5 });
  expect(expected.in({ ...told, wanted: 5, mode: "by_hand" }, 1600)).toMatchObject({ wanted: 5 });
  expect(expected.in({ ...told, wanted: 4 }, 1700)).toMatchObject({ wanted: 4, mode: "automatic" });
  expected.set({ wanted: 8 }, 2000);
  expect([3999, 4000].map((now) => expected.in(told, now).wanted)).toEqual([8, 1]);
  expected.set({ wanted: 8 }, 5000);
  expected.set(undefined, 5100);
  expect(expected.in(told, 5200).wanted).toBe(1);
});

test("a number may be chosen within the limits, and where the launcher keeps one, A brings it back", () => {
  const limits = { min: 1, max: 8 };
  expect([0, 1, 8, 9].map((number) => isAllowed(number, limits))).toEqual([false, true, true, false]);
  expect([-1, 90].map((number) => isAllowed(number, { min: null, max: null }))).toEqual([false, true]);
  expect(en.said.limit(0, null)).toBe("There cannot be fewer than 0 processors.");
  expect(scaled(3, undefined, en.said)).toBe("By hand: 3 processors.");
  expect(scaled("automatic", undefined, en.said)).toBe("Automatic: the load decides.");
  expect(scaled("automatic", 2, en.said)).toBe("As started: 2 processors.");
  expect(scaled("automatic", 2, zh.said)).toBe("按启动时设置：2 个处理器。");
});

test("a link brings its token, a part of one brings none, and only a look that may work later is tried again", () => {
  const hashes = ["#controls=a%2Bb", "#controls=a%", "#controls=", "#other", ""];
  expect(hashes.map(tokenOf)).toEqual(["a+b", undefined, undefined, undefined, undefined]);
  expect([undefined, 503, 403, 404].map((status) => isWorthAgain({ status }))).toEqual([true, true, false, false]);
});

test("a part that is down is another announcement than one that was down before, and does not wait", () => {
  const of = (part) => sentence({ ...STATES.pace(), down: [{ part, for_ms: 2000, frozen: false }] }, en.sentence);
  expect(["kafka", "table"].map((part) => identityOf(of(part)))).toEqual(["down kafka", "down table"]);
  const pace = new Pace();
  expect([pace.next(of("table"), 0), pace.next(of("kafka"), 500)].map(({ subject }) => subject)).toEqual(["table", "kafka"]);
});

test("a processor that was chosen stays when it has gone, but nothing can be done to it", () => {
  const [slots, one] = [new Map(), { name: "processor-1", slot: 1, state: "ready" }];
  const two = (state) => ({ name: "processor-2", slot: 2, state });
  const names = (processors, chosen) => choices(processors, chosen, slots).map(({ name, disabled }) => `${name}${disabled ? " -" : ""}`);
  expect(names([one, two("ready")], "processor-2")).toEqual(["processor-1", "processor-2"]);
  expect(names([one, two("died")], "processor-2")).toEqual(["processor-1", "processor-2 -"]);
  expect(names([{ ...one, slot: 3 }], "processor-2")).toEqual(["processor-2 -", "processor-1"]);
  expect(names([one, two("died")])).toEqual(["processor-1"]);
});

test("a processor without a slot has its name", () => {
  const lane = { slot: 0, name: "message-processor-x7k2p", state: "busy", calls: 1, rate: "10" };
  expect(en.labels.lane(lane)).toBe("message-processor-x7k2p, busy, 1 call, 10 a second");
  expect(zh.labels.lane({ ...lane, slot: 2 })).toContain("处理器 2，");
});

test("a number that is not known is as it was before, and before the first there is nothing to draw", () => {
  const { places, ...told } = STATES.pace();
  expect(places).toBe(10);
  expect(complete(told)).toMatchObject({ places: null, in: 260 });
  const unknown = { ...told, in: null, out: null, waiting: null };
  expect(isState(unknown)).toBe(true);
  expect(complete(unknown)).toBeUndefined();
  expect(complete(unknown, { in: 250, out: 240, waiting: 7, ready: 4 })).toMatchObject({ in: 250, out: 240, waiting: 7 });
  expect(complete({ ...unknown, down: [{ part: "kafka", for_ms: 5 }] })).toMatchObject({ in: 0, waiting: 0 });
});

test("numbers have two digits from 20 on, and times get coarser", () => {
  expect([0, 0.04, 0.46, 1.4, 19.6, 20.4, 263, 1508].map(rounded)).toEqual([0, 0.1, 0.5, 1, 20, 20, 260, 1500]);
  const times = (round) => [0.2, 21.6, 31, 118, 149, 200].map((it) => roundedTime(it, round));
  // The second ones are waited for, and not promised too short.
  expect([undefined, Math.ceil].map(times)).toEqual([[1, 22, 30, 120, 120, 180], [1, 22, 35, 120, 180, 240]]);
  expect([0, 0.54, 9.94, 330.4, 1234].map(rate)).toEqual(["0", "0.5", "9.9", "330", "1\u202f234"]);
  expect([400, 1100, 6000, 12_400].map(seconds)).toEqual(["0.4", "1.1", "6", "12"]);
});

test("a sentence stands for two seconds, and only a failure does not wait", () => {
  const pace = new Pace();
  const it = (key) => ({ key, reason: "", result: key });
  expect(pace.next(it("pace"), 0).key).toBe("pace");
  expect(pace.next(it("behind"), 1999).key).toBe("pace");
  expect(pace.next(it("behind"), 2000).key).toBe("behind");
  expect(pace.next(it("down"), 2100).key).toBe("down");
  expect(pace.next(it("pace"), 2200).key).toBe("down");
  expect(pace.next(it("pace"), 4100).key).toBe("pace");
});

test("the invitation comes when nothing runs, and gives people time to see how it came to that", () => {
  expect(screenOf(STATES.zero())).toBe("zero");
  const left = (ago_ms) => screenOf({ ...STATES.zero(), events: [{ kind: "to_zero", ago_ms }] });
  expect([left(5000), left(20_000)]).toEqual(["live", "zero"]);
  expect(["cold", "idle", "kafka", "died"].map((name) => screenOf(STATES[name]()))).toEqual(Array(4).fill("live"));
});

test("a lane is busy when more than half of its places are filled", () => {
  expect(stateOf({ state: "ready", calls: 5 }, 10)).toBe("warm");
  expect(stateOf({ state: "ready", calls: 5.1 }, 10)).toBe("busy");
  expect(stateOf({ state: "ready", calls: 1, rate: 9 }, null)).toBe("busy");
  expect(stateOf({ state: "draining", calls: 9 }, 10)).toBe("draining");
});

test("above twelve processors the eleven busiest are drawn, in their order, and the others are one row", () => {
  const all = Array.from({ length: 14 }, (_, i) => ({ slot: i + 1, calls: i === 1 ? 0 : i }));
  const { shown, rest } = listed(all);
  expect(shown.map(({ slot }) => slot)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  expect(rest).toHaveLength(3);
  expect(listed(all.slice(0, 12)).rest).toEqual([]);
});

test("above twelve processors those that are drawn already keep their place against equals", () => {
  const all = Array.from({ length: 14 }, (_, i) => ({ slot: i + 1, name: "p", calls: 5 + i / 100 }));
  const slots = (it) => it.shown.map(({ slot }) => slot);
  const drawn = listed(all.map((it) => ({ ...it, calls: 5 })));
  expect(slots(drawn)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(slots(listed(all, drawn.shown.map(keyOf)))).toEqual(slots(drawn));
  const busier = all.map((it) => (it.slot === 14 ? { ...it, calls: 7 } : it));
  expect(slots(listed(busier, drawn.shown.map(keyOf)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14]);
});

const texts = (...events) => marksOf(events, en.marks).map(({ text, tone }) => `${text}${tone === "bad" ? " !" : ""}`);
const on = (ago_ms, kind, rest) => ({ ago_ms, kind, ...rest });

test("each event has the mark that the design gives it", () => {
  expect(texts(on(9, "scaled", { from: 3, to: 5 }), on(8, "cold_start", { ms: 1100 }), on(7, "to_zero"))).toEqual([
    "3 → 5",
    "cold start 1.1 s",
    "back to zero",
  ]);
  expect(texts(on(9, "by_hand", { to: 3 }), on(8, "cost", { from_ms: 100, to_ms: 300 }), on(7, "burst"))).toEqual([
    "by hand: 3",
    "cost 100 → 300 ms",
    "burst",
  ]);
  expect(texts(on(1, "something newer"))).toEqual([]);
});

test("steps of scaling that follow each other at once are one mark, up and down apart", () => {
  const step = (ago_ms, from, to) => on(ago_ms, "scaled", { from, to });
  expect(texts(step(9000, 1, 2), step(8000, 2, 5), step(4000, 5, 8))).toEqual(["1 → 8"]);
  expect(texts(step(20_000, 1, 2), step(9000, 2, 8), step(8000, 8, 7), step(7000, 7, 4))).toEqual(["1 → 2", "2 → 8", "8 → 4"]);
  expect(texts(step(9000, 1, 2), on(8500, "by_hand", { to: 4 }), step(8000, 4, 5))).toEqual(["1 → 2", "by hand: 4", "4 → 5"]);
});

test("a death is one mark, which says what it has cost once that was counted", () => {
  const part = "message-processor-2";
  const died = on(31_000, "died", { part });
  expect(texts(died)).toEqual(["processor-2 died !"]);
  expect(texts(died, on(30_600, "back", { part, ms: 400 }))).toEqual(["processor-2 died, back in 0.4 s"]);
  expect(texts(died, on(30_600, "back", { part, ms: 400, lost: 0 }))).toEqual(["processor-2 died, back in 0.4 s, 0 lost"]);
});

test("what the launcher and the homepage both notice is told once", () => {
  const part = "event-router";
  expect(texts(on(9000, "died", { part }), on(8000, "part_down", { part }))).toEqual(["router down !"]);
  const back = [on(9000, "died", { part }), on(8000, "part_down", { part }), on(2000, "part_back", { part, ms: 6000 })];
  expect(texts(...back)).toEqual(["router down", "router back after 6 s"]);
  expect(texts(on(9000, "frozen", { part: "broker" }), on(8000, "part_down", { part: "kafka" }))).toEqual(["Kafka frozen !"]);
});

test("the list of events has longer words: why, how many, and what was lost once it was counted", () => {
  const lines = (...events) => [en, zh].map(({ log }) => marksOf(events, log).map(({ text }) => text));
  const part = "event-router";
  expect(lines(on(9000, "scaled", { from: 3, to: 5, calls: 33.2, target: 7 }), on(3000, "scaled", { from: 5, to: 6, calls: 35.06, target: 7 }))).toEqual([
    ["3 → 5: 33 calls under way, target 7 each", "5 → 6: 35.1 calls under way, target 7 each"],
    ["3 → 5：33 个请求进行中，每个目标 7", "5 → 6：35.1 个请求进行中，每个目标 7"],
  ]);
  const steps = [on(9000, "scaled", { from: 1, to: 2, calls: 8, target: 7 }), on(8000, "scaled", { from: 2, to: 8, calls: 88.1, target: 7 })];
  expect(lines(...steps)[0]).toEqual(["1 → 8: 88 calls under way, target 7 each"]);
  expect(lines(on(9000, "scaled", { from: 3, to: 5, calls: null, target: null }))).toEqual([["3 → 5"], ["3 → 5"]]);
  expect(lines(on(9000, "cold_start", { ms: 1210 }), on(500, "to_zero"))[0]).toEqual(["cold start 1.2 s", "back to zero"]);
  const away = (lost) => lines(on(9000, "part_down", { part }), on(3000, "part_back", { part, ms: 6000, lost }));
  expect(away(null)[0]).toEqual(["router down", "router back after 6 s"]);
  expect(away(0)).toEqual([
    ["router down", "router back after 6 s, 0 lost"],
    ["路由中断", "路由 6 秒后恢复，丢失 0"],
  ]);
  expect(lines(on(9000, "part_back", { part, ms: null, lost: 0 }))[0]).toEqual(["router restarted, 0 lost"]);
  expect(lines(on(9000, "frozen", { part }), on(100, "thawed", { part, ms: 8900 }))[0]).toEqual(["router frozen for 8.9 s"]);
  expect(lines(on(9000, "by_hand", { to: 3 }), on(8000, "automatic"))[0]).toEqual(["by hand: 3 processors", "automatic"]);
});

test("an event stays in the list when an answer has forgotten it, and what two homepages notice is one", () => {
  const at = (second) => new Date(Date.UTC(2030, 0, 1, 12, 0, second)).toISOString();
  const down = (second, more) => ({ kind: "part_down", part: "table", at: at(second), ...more });
  const known = remembered([], [down(0), down(5)]);
  expect(known).toHaveLength(2); // of one answer
  expect(remembered(known, [down(5)])).toEqual(known);
  expect(remembered(known, [])).toEqual(known);
  expect(remembered([down(0)], [down(3)])).toEqual([down(0)]);
  const back = (more) => ({ kind: "part_back", part: "table", at: at(9), ...more });
  expect(remembered([back({ lost: null })], [back({ lost: 0 })])).toEqual([back({ lost: 0 })]);
  const died = (id, second) => ({ kind: "died", part: "event-router", id, at: at(second) });
  expect(remembered([died(1, 0)], [died(2, 3)])).toHaveLength(2); // one launcher tells of both
  const many = Array.from({ length: 59 }, (_, second) => died(second, second));
  expect(remembered([], many).map(({ id }) => id)).toEqual(Array.from({ length: 30 }, (_, i) => 29 + i));
});

test("labels stand right of their mark, left of it near the edge, and the newest wins", () => {
  const mark = (x) => ({ x, width: 100 });
  const sides = (...xs) => placed(xs.map(mark), { width: 1000, gap: 5 }).map(({ side }) => side);
  expect(sides(100, 500)).toEqual(["right", "right"]);
  expect(sides(980)).toEqual(["left"]);
  expect(sides(800, 980)).toEqual([undefined, "left"].map((side, i) => (i === 0 ? "left" : side)));
  expect(sides(870, 900, 980)).toEqual(["left", undefined, "left"]);
  expect(sides(560, 500)).toEqual(["right", "left"]); // to the right it would cross the line at 560
});
