// Made-up answers of `GET /pipeline`, one for each state that the page can show. Their numbers add up: the curves are
// integrated from what arrives and what the processors can finish. Tests and pictures use them.

const SECONDS = 90;
const STEPS_PER_SECOND = 10;

/** What came in, went out and waited in each of the last seconds. `arrive` and `can` are rates at a time from -90 to 0. */
function curves(arrive, can) {
  const history = { in: [], out: [], waiting: [] };
  let waiting = 0;
  for (let step = 1; step <= SECONDS * STEPS_PER_SECOND; step += 1) {
    const at = -SECONDS + step / STEPS_PER_SECOND;
    const arrived = arrive(at);
    const done = Math.min(can(at), arrived + waiting * STEPS_PER_SECOND);
    waiting = Math.max(0, waiting + (arrived - done) / STEPS_PER_SECOND);
    if (step % STEPS_PER_SECOND > 0) continue;
    for (const [name, value] of Object.entries({ in: arrived, out: done, waiting })) history[name].push(Math.round(value));
  }
  return history;
}

/** A rate that changes at the given times: `[at, value]`, the earliest first. */
const steps = (...changes) => (at) => changes.findLast(([from]) => at >= from)?.[1] ?? 0;

/** One value for each of the last seconds. */
const column = (value) => Array.from({ length: SECONDS }, (_, i) => value(i - SECONDS + 1));

/** A life as `[slot, from, ready, draining, until]`, in seconds ago; undefined where it has not come to that. */
const life = ([slot, from, ready, draining, until]) => ({
  slot,
  name: `message-processor-${slot}`,
  from_ms: from * 1000,
  ready_ms: ready === undefined ? null : ready * 1000,
  draining_ms: draining === undefined ? null : draining * 1000,
  until_ms: until === undefined ? null : until * 1000,
});

/** A processor as `[slot, calls, state, for_ms]`, which finishes ten rows a second for each call. */
const processor = ([slot, calls, state = "ready", for_ms = 40_000]) => ({
  slot,
  name: `message-processor-${slot}`,
  state,
  for_ms,
  rate: calls * 10,
  calls,
});

const event = (ago, kind, rest = {}) => ({ at: new Date(Date.now() - ago * 1000).toISOString(), ago_ms: ago * 1000, kind, ...rest });

function state({ arrive = () => 0, can = () => 0, wanted = steps(), lives = [], processors = [], events = [], ...rest }) {
  const all = processors.map(processor);
  const ready = rest.ready ?? all.filter((it) => ["ready", "back"].includes(it.state)).length;
  const history = { step_ms: 1000, ...curves(arrive, can), ready: column(() => ready), wanted: column(wanted), lives: lives.map(life) };
  const calls = Math.round(all.reduce((sum, it) => sum + it.calls, 0));
  return {
    now: new Date().toISOString(),
    in: arrive(0),
    out: history.out.at(-1),
    waiting: history.waiting.at(-1),
    calls,
    ready,
    wanted: wanted(0),
    min: 0,
    max: 8,
    mode: "automatic",
    reason: { calls, target: 7 },
    places: 10,
    panic: false,
    cold_start_ms: 1100,
    tour: null,
    zero_in_ms: null,
    processors: all,
    down: [],
    events: events.map(([ago, kind, more]) => event(ago, kind, more)),
    ...rest,
    history,
  };
}

const STAIR = [[1, 80, 78.9], [2, 45.1, 44], [3, 25.1, 24], [4, 1.5, 0.4], [5, 1.5]];
const STAIR_EVENTS = [
  [79, "cold_start", { ms: 1100, processor: "message-processor-1" }],
  [52, "burst", { messages: 15_600 }],
  [45.1, "scaled", { from: 1, to: 2, calls: 11.2, target: 7 }],
  [25.1, "scaled", { from: 2, to: 3, calls: 20.4, target: 7 }],
  [1.5, "scaled", { from: 3, to: 5, calls: 33.2, target: 7 }],
];
const STAIR_WANTED = steps([-80, 1], [-45.1, 2], [-25.1, 3], [-1.5, 5]);
const FOUR = [1, 2, 3, 4];
const STEADY = { arrive: steps([-90, 260]), can: steps([-90, 400]), wanted: () => 4, lives: FOUR.map((slot) => [slot, 90, 90]) };
const TWELVE_CALLS = [7, 6, 6, 6, 6, 6, 6, 2, 1, 1, 1, 0];
const TWELVE_BORN = [90, 90, 90, 90, 90, 90, 90, 63, 57, 57, 49, 49];

/** `part` is away for six seconds, so nothing goes out. */
const away = (part, more = {}) =>
  state({
    ...STEADY,
    can: steps([-90, 400], [-6, 0]),
    processors: FOUR.map((slot) => [slot, 0]),
    down: [{ part, for_ms: 6000, frozen: false }],
    events: [[6, "part_down", { part }]],
    ...more,
  });

/** The answers by the name of the state. Each call makes new ones, with the time of now. */
export const STATES = {
  zero: () => state({ wanted: () => 0, reason: null }),
  cold: () =>
    state({
      arrive: steps([-86, 9], [-64, 0], [-0.8, 1]),
      can: steps([-84.9, 100], [-34, 0]),
      wanted: steps([-86, 1], [-36, 0], [-0.8, 1]),
      processors: [[1, 0, "starting", 800]],
      waiting: 1,
      in: 0.5,
      reason: null,
      lives: [[1, 86, 84.9, 36, 34], [1, 0.8]],
      events: [[85, "cold_start", { ms: 1100 }], [34, "to_zero"], [0.8, "first_message"]],
    }),
  behind: () =>
    state({
      arrive: steps([-80, 12], [-12, 260]),
      can: steps([-78.9, 100]),
      wanted: steps([-80, 1], [-3, 4]),
      processors: [[1, 10], [2, 0, "starting", 900], [3, 0, "starting", 900], [4, 0, "starting", 900]],
      reason: { calls: 27.4, target: 7 },
      lives: [[1, 80, 78.9], [2, 3], [3, 3], [4, 3]],
      events: [[79, "cold_start", { ms: 1100 }], [12, "burst", { messages: 5200 }], [3, "scaled", { from: 1, to: 4, calls: 27.4, target: 7 }]],
    }),
  scaling: () =>
    state({
      arrive: steps([-80, 12], [-52, 260]),
      can: steps([-78.9, 100], [-44, 200], [-24, 300], [-0.4, 330]),
      wanted: STAIR_WANTED,
      processors: [[1, 10], [2, 10], [3, 10], [4, 3], [5, 0, "starting", 1500]],
      waiting: 1508,
      out: 330,
      reason: { calls: 33.2, target: 7 },
      cold_start_ms: 1800,
      lives: STAIR,
      events: STAIR_EVENTS,
    }),
  full: () =>
    state({
      arrive: steps([-60, 1000]),
      can: steps([-58, 400], [-40, 800]),
      wanted: steps([-60, 4], [-42, 8]),
      processors: [1, 2, 3, 4, 5, 6, 7, 8].map((slot) => [slot, 10]),
      reason: { calls: 96.4, target: 7 },
      lives: [1, 2, 3, 4, 5, 6, 7, 8].map((slot) => (slot < 5 ? [slot, 60, 58.8] : [slot, 42, 41])),
      events: [[60, "burst", { messages: 60_000 }], [42, "scaled", { from: 4, to: 8, calls: 88.1, target: 7 }]],
    }),
  twelve: () =>
    state({
      arrive: steps([-90, 480], [-70, 1150], [-12, 480]),
      can: steps([-90, 700], [-62, 800], [-56, 1000], [-48, 1200], [-2, 492]),
      wanted: steps([-90, 7], [-63, 8], [-57, 10], [-49, 12], [-2, 7]),
      max: 12,
      out: 480,
      waiting: 12,
      processors: TWELVE_CALLS.map((calls, i) => [i + 1, calls, i === 11 ? "gone" : i > 6 ? "draining" : "ready", 2000]),
      lives: TWELVE_BORN.map((from, i) => [i + 1, from, from === 90 ? 90 : from - 1, i > 6 ? 2 : undefined, i === 11 ? 0.5 : undefined]),
      events: [[70, "burst", { messages: 67_000 }], [49, "scaled", { from: 10, to: 12 }], [2, "scaled", { from: 12, to: 7, calls: 48, target: 7 }]],
    }),
  pace: () => state({ ...STEADY, processors: FOUR.map((slot) => [slot, 6.5]), waiting: 27 }),
  scalingIn: () =>
    state({
      ...STEADY,
      arrive: steps([-90, 260], [-20, 60]),
      wanted: steps([-90, 4], [-1, 1]),
      processors: [[1, 6], [2, 1, "draining", 900], [3, 0, "draining", 900], [4, 0, "gone", 300]],
      reason: { calls: 6, target: 7 },
      lives: [[1, 90, 90], [2, 90, 90, 1], [3, 90, 90, 1], [4, 90, 90, 1, 0.3]],
      waiting: 6,
      events: [[1, "scaled", { from: 4, to: 1, calls: 6, target: 7 }]],
    }),
  idle: () => state({ ...STEADY, arrive: steps([-90, 260], [-30, 0]), zero_in_ms: 61_400, processors: FOUR.map((slot) => [slot, 0]) }),
  router: () =>
    away("event-router", {
      processors: [[1, 0], [2, 0, "back", 30_000], [3, 0], [4, 0]],
      lives: [[1, 90, 90], [2, 90, 90, undefined, 31], [2, 30.6, 30.2], [3, 90, 90], [4, 90, 90]],
      events: [
        [31, "died", { part: "message-processor-2" }],
        [30.6, "back", { part: "message-processor-2", ms: 400, lost: 0 }],
        [6, "part_down", { part: "event-router" }],
      ],
    }),
  kafka: () => away("kafka", { arrive: steps([-90, 260], [-6, 0]) }),
  table: () => away("table"),
  homepage: () => away("homepage"),
  processors: () =>
    away("processors", { processors: FOUR.map((slot) => [slot, 0, "died", 6000]), ready: 0, events: [[6, "died", { part: "message-processor-1" }]] }),
  frozen: () => away("event-router", { down: [{ part: "event-router", for_ms: 6000, frozen: true }], events: [[6, "frozen", { part: "event-router" }]] }),
  died: () =>
    state({
      ...STEADY,
      processors: [[1, 8], [2, 0, "died", 1000], [3, 9], [4, 9]],
      waiting: 40,
      lives: [[1, 90, 90], [2, 90, 90, undefined, 1], [3, 90, 90], [4, 90, 90]],
      events: [[1, "died", { part: "message-processor-2" }]],
    }),
  /** On Knative nobody tells the page how many are wanted, how many places they have, or that one starts. */
  knative: () =>
    state({
      ...STEADY,
      processors: [[1, 6.6], [2, 6.4], [3, 6.5], [4, 6.5]],
      waiting: 27,
      wanted: () => null,
      min: null,
      max: null,
      mode: null,
      reason: null,
      places: null,
      panic: null,
      cold_start_ms: null,
    }),
};

/** What the page shows at each step of the tour. */
const TOUR = {
  zero: "zero",
  first_message: "cold",
  burst: "behind",
  scale_out: "scaling",
  processor_killed: "died",
  kafka_killed: "kafka",
  recovery: "scaling",
  to_zero: "scalingIn",
};
export const TOUR_STEPS = Object.keys(TOUR);

/** The answer while a tour plays this step. */
export const touring = (step) => ({ ...STATES[TOUR[step]](), tour: { step, number: TOUR_STEPS.indexOf(step) + 1, of: TOUR_STEPS.length } });

/** The answer of the launcher in `GET /demo`. */
export const scaling = () => ({
  mode: "automatic",
  min: 0,
  max: 8,
  wanted: 5,
  calls: 33.2,
  target: 7,
  concurrency: 10,
  panic: false,
  window_s: 60,
  calls_now: 33,
  work_ms: 100,
  cold_start_ms: 1100,
  processors: FOUR.map((slot) => ({ name: `message-processor-${slot}`, state: "ready", since: new Date().toISOString() })),
  parts: ["broker", "table", "event-router", "homepage"].map((name) => ({ name, state: "up", since: new Date().toISOString() })),
  events: [],
});

/** From now on the page gets the answer of `name`, or what that function makes. Returns a function that changes it. */
export async function show(page, name) {
  let make = STATES[name] ?? name;
  await page.route("**/pipeline", (route) => {
    const json = make();
    return json === undefined ? route.abort() : route.fulfill({ json });
  });
  return (next) => (make = STATES[next] ?? next);
}

/** A sentence stands for two seconds, and so does the answer to a key. Half a second later the page asks again. */
export const NEXT_SENTENCE_MS = 2600;

/** As `show`, before the page is opened, with a clock that each change puts forward, so that the page shows it at once. */
export async function showAtOnce(page, name) {
  await page.clock.install();
  const change = await show(page, name);
  return async (next) => {
    change(next);
    await page.clock.fastForward(NEXT_SENTENCE_MS);
  };
}

const TEXTS = {
  en: [
    ["hello barrage", 41], ["弹幕来了", 38], ["does it scale?", 12], ["row 12 is here", 1], ["from Hangzhou", 9], ["one more pod please", 17],
    ["Rust goes brrr", 1], ["exactly once?", 6], ["再来一波", 31], ["greetings from the back row", 1], ["first!", 8], ["Kafka holds the line", 14],
    ["p99 looks flat", 1], ["watch the stairs", 1], ["you had me at zero", 3], ["你好，世界", 19], ["from Lisbon with love", 1],
  ],
  zh: [
    ["再来一波", 41], ["自动扩容真快", 38], ["冷启动只要 1.1 秒", 12], ["处理器又多了一个", 1], ["今天的演示太稳了", 9], ["后排看得到吗", 17],
    ["前方高能", 1], ["能缩到零吗", 6], ["杭州发来贺电", 31], ["Rust 真快", 1], ["弹幕来了", 8], ["延迟曲线很平", 14], ["你好，世界", 19],
  ],
};

/**
 * From now on the feed of the page brings these texts of `slots` processors, again and again, many of them several
 * times. `change(reply)` may change each reply.
 */
export async function fly(page, { slots = 4, language = "en", waiting = 0, change = (reply) => reply } = {}) {
  let [cursor, offset] = [0, 0];
  const names = Array.from({ length: slots }, (_, i) => `message-processor-${i + 1}`);
  await page.route("**/feed?*", (route) => {
    const now = Date.now();
    const take = cursor === 0 ? 0 : 3;
    const bullets = Array.from({ length: take }, (_, i) => TEXTS[language][(cursor * 3 + i) % TEXTS[language].length]).flatMap(([message, n], i) =>
      Array.from({ length: n }, () => {
        const processor = names[(cursor * 5 + i * 3) % Math.max(1, slots)];
        offset += 1;
        return { id: `m${offset}`, message, processor, burst: "b", partition: 0, offset, sent_at: now - 300, stored_at: now - 20 };
      }),
    );
    cursor += 1;
    const totals = { accepted: 13_856 + offset, stored: 12_315 + offset, waiting, since: "2026-11-29T07:00:00Z" };
    const reply = { cursor: String(cursor), now, passed: bullets.length, poll_after_ms: 400, bullets, totals };
    const slotOf = Object.fromEntries(names.map((name, i) => [name, i + 1]));
    return route.fulfill({ json: change({ ...reply, processors: names, slots: slotOf, problems: [], events: [] }) });
  });
}
