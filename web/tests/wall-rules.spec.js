// The wall's rules, which need no browser: sizes and tracks, what flies next, what merges, what folds, and how dense it is.

import { expect, test } from "@playwright/test";
import { Crowd } from "../static/wall/crowd.js";
import { Density } from "../static/wall/density.js";
import { Flight } from "../static/wall/flight.js";
import { nameOf, OLDEST_MS, Queue } from "../static/wall/queue.js";
import { BUSY, CALM, DENSE, layouts, widthOf } from "../static/wall/sizes.js";
import { Tracks } from "../static/wall/tracks.js";

let ids = 0;
/** A bullet of a single message, which is its own sender. */
const single = (message, rest = {}) => {
  ids += 1;
  return { id: `m${ids}`, message, processor: "a", burst: `m${ids}`, sender: 1, ...rest };
};
/** One of the messages of a burst. */
const ofBurst = (message, sender = 1, rest = {}) => single(message, { burst: "b", sender, ...rest });
const OTHERS = { counts: true, isMine: false };
const MINE = { counts: true, isMine: true };

/** Numbers that look random and are the same in each run. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Takes all that there is, one every `step` ms. */
function drain(queue, step = 100, isFull = false) {
  const taken = [];
  for (let now = 0; !queue.isEmpty; now += step) {
    const entry = queue.take(now, isFull);
    if (entry) taken.push(entry);
  }
  return taken;
}

test.describe("sizes", () => {
  test("on the stage they are those of the design, and a lower wall has as many tracks as fit", () => {
    const full = layouts(1920, 935, 10);
    expect(full.map(({ tracks }) => tracks)).toEqual([14, 17, 20]);
    expect(full.map(({ size }) => Math.round(size))).toEqual([41, 34, 29]);
    expect(full.map(({ speed }) => Math.round(speed * 1000))).toEqual([200, 280, 360]);
    expect(layouts(1920, 350, 10).map(({ tracks }) => tracks)).toEqual([6, 8, 10]);
    expect(layouts(3840, 700, 20)[2].size).toBeCloseTo(2 * full[2].size);
  });

  test("tracks of the stage keep their places while the sentence takes a second line", () => {
    const [high, low] = [350, 315].map((height) => layouts(1920, height, 10));
    high.forEach(({ track }, level) => expect(low[level].track).toBe(track));
  });

  test("bullets are never higher than their tracks", () => {
    for (const [unit, high] of [[10, 1.2], [undefined, 1.55]]) {
      for (const [width, height] of [[390, 300], [360, 132], [1400, 440], [2560, 900], [1920, 935], [1920, 350]]) {
        for (const { size, track } of layouts(width, height, unit)) expect(size * high, `${width}x${height}`).toBeLessThanOrEqual(track);
      }
    }
  });

  test("the wall of a guest has four tracks, and one of no height has one", () => {
    expect(layouts(360, 132)[0]).toMatchObject({ tracks: 4, size: 16 });
    expect(layouts(300, 20)[0].tracks).toBe(1);
  });

  test("bullets of the page grow with screens wider than 1920 px", () => {
    expect(layouts(2400, 440)[0].size).toBe(21 * 1.25);
  });

  test("a Chinese letter is nearly twice as wide as a Latin one", () => {
    expect(widthOf("弹幕来了")).toBe(5);
    expect(widthOf("abcd")).toBeCloseTo(3.2);
    expect(widthOf("🎉")).toBe(2);
  });
});

test.describe("tracks", () => {
  /** Where a flight is at a time, from left to right. */
  const at = (flight, now) => {
    const left = flight.left - flight.speed * (now - flight.start);
    return [left, left + flight.width];
  };

  /** Lets bullets of all levels start as soon as they may; returns their flights. */
  function play(random, { width = 1920, height = 935, unit = 10, change = 2000 } = {}) {
    const tracks = new Tracks();
    const flights = [];
    let level = 0;
    for (let now = 0; now < 20_000; now += 50) {
      if (now % change === 0) level = Math.floor(random() * 3);
      const layout = layouts(width, height, unit)[level];
      const place = tracks.next(layout, width, now, { random, ...(random() < 0.3 ? { faster: 1 } : {}) });
      if (place.at > now + 50) continue;
      const { gap, track } = layout;
      const start = Math.max(now, place.at);
      const flight = { top: place.top, bottom: place.top + track, left: width, start, speed: place.speed, gap, width: 60 + random() * 900 };
      tracks.add(flight);
      flights.push(flight);
      for (const old of flights) if (old.start + (old.left + old.width) / old.speed < now) tracks.remove(old);
    }
    return flights;
  }

  for (const seed of [1, 2, 3, 4]) {
    test(`no bullet ever touches another one, however the density changes (${seed})`, () => {
      const flights = play(seeded(seed), seed % 2 ? {} : { height: 350, change: 500 });
      expect(flights.length).toBeGreaterThan(20);
      flights.forEach((one, i) => {
        for (const other of flights.slice(i + 1)) {
          if (other.top >= one.bottom - 0.5 || other.bottom <= one.top + 0.5) continue;
          const until = Math.min(...[one, other].map((it) => it.start + (it.left + it.width) / it.speed));
          for (const now of [other.start, (other.start + until) / 2, until]) {
            if (now < other.start || now > until) continue;
            const [[, end], [begin]] = [at(one, now), at(other, now)];
            expect(begin - end).toBeGreaterThan(one.gap - 0.001);
          }
        }
      });
    });
  }

  test("a wall that becomes denser gains speed level by level, and is not empty for long", () => {
    const tracks = new Tracks();
    const [calm, , dense] = layouts(1920, 935, 10);
    const flights = [];
    const fly = (top, { track, gap }, speed, start) => {
      flights.push({ top, bottom: top + track, left: 1920, start, speed, gap, width: 150 + ((flights.length * 97) % 300) });
      tracks.add(flights.at(-1));
    };
    for (let i = 0; i < calm.tracks; i += 1) fly(i * calm.track, calm, calm.speed, -300 * i);
    const starts = [];
    for (let now = 0; now < 14_000; now += 25) {
      for (const flight of flights) if (flight.start + (1920 + flight.width) / flight.speed < now) tracks.remove(flight);
      const { at, top, speed } = tracks.next(dense, 1920, now, { random: seeded(now) });
      if (at > now) continue;
      expect([0.28, 0.36]).toContainEqual(Math.round(speed * 100) / 100);
      fly(top, dense, speed, now);
      starts.push({ now, speed });
    }
    const inSecond = (second) => starts.filter(({ now }) => Math.floor(now / 1000) === second);
    for (let second = 3; second < 14; second += 1) expect(inSecond(second).length, String(second)).toBeGreaterThan(2);
    expect(inSecond(13).every(({ speed }) => speed === dense.speed)).toBe(true);
  });

  test("one of the free tracks is taken, and on a full wall the one that is free first", () => {
    const tracks = new Tracks();
    const layout = layouts(1000, 350, 10)[0];
    expect(new Set(Array.from({ length: 100 }, () => tracks.next(layout, 1000, 0).top)).size).toBeGreaterThan(3);
    for (let i = 0; i < 6; i += 1) {
      const top = i * layout.track;
      tracks.add({ top, bottom: top + layout.track, left: 1000, start: 0, speed: layout.speed, gap: 80, width: i === 4 ? 120 : 400 });
    }
    const next = tracks.next(layout, 1000, 0);
    expect(next.top).toBe(4 * layout.track);
    expect(next.at).toBeCloseTo(200 / layout.speed);
  });
});

test.describe("queue", () => {
  test("equal messages of one processor merge, and no message is lost in merging or folding", () => {
    const queue = new Queue();
    for (let i = 0; i < 1000; i += 1) queue.add(ofBurst(`text ${i % 400}`, 1, { processor: `p${i % 2}` }), OTHERS, i);
    queue.addUnseen(7, true);
    expect(queue.messages).toBe(1007);
    const taken = drain(queue);
    const sum = (name) => taken.reduce((all, entry) => all + entry[name], 0);
    expect([sum("n"), sum("counts")]).toEqual([1007, 1007]);
    expect(taken.filter(({ text }) => text === undefined).length).toBeGreaterThan(0);
  });

  for (const seed of [1, 2, 3]) {
    test(`whatever comes and goes, none is lost, none is older than ${OLDEST_MS} ms, and the queue is bounded (${seed})`, () => {
      const random = seeded(seed);
      const queue = new Queue();
      let [came, went] = [0, 0];
      for (let now = 0; now < 20_000; now += 50) {
        for (let i = 0; i < random() * 20; i += 1) {
          const text = `text ${Math.floor(random() * 900)}`;
          const bullet = random() < 0.5 ? single(text, { processor: `p${i % 3}` }) : ofBurst(text, i);
          queue.add(bullet, random() < 0.02 ? MINE : OTHERS, now, random() * 3500);
          came += 1;
        }
        queue.mergeAcross(now % 7000 > 3000);
        const entry = random() < 0.8 ? queue.take(now, random() < 0.5) : undefined;
        if (entry?.text !== undefined) expect(now - entry.born).toBeLessThanOrEqual(OLDEST_MS);
        if (entry?.text !== undefined) expect([...entry.parts.values()].reduce((sum, n) => sum + n)).toBe(entry.n);
        went += entry?.n ?? 0;
        expect(queue.messages).toBe(came - went);
      }
      const rest = drain(queue, 100);
      expect(rest.reduce((sum, { n }) => sum + n, went)).toBe(came);
      expect(rest.length).toBeLessThanOrEqual(310);
    });
  }

  test("what comes too old, or waits too long, is folded and said once a second, a few every three", () => {
    const queue = new Queue();
    queue.add(single("old"), OTHERS, 0, OLDEST_MS + 1);
    queue.add(single("waits"), OTHERS, 0, 0);
    queue.add(single("fresh"), OTHERS, 2000, 0);
    expect(queue.take(OLDEST_MS + 1)).toMatchObject({ n: 2, counts: 2 });
    expect(queue.takeCrowded()).toBe(2);
    expect(queue.takeCrowded()).toBe(0);
    expect(queue.take(OLDEST_MS + 2)).toMatchObject({ text: "fresh" });
    queue.addUnseen(5, true);
    expect(queue.take(OLDEST_MS + 1000)).toBeUndefined();
    expect(queue.take(OLDEST_MS + 1001)).toMatchObject({ n: 5 });
    queue.addUnseen(4, true);
    expect(queue.take(OLDEST_MS + 4000)).toBeUndefined();
    expect(queue.take(OLDEST_MS + 4001)).toMatchObject({ n: 4 });
  });

  test("what came while the page did not ask is not too old for that, but waits no longer than the others", () => {
    const queue = new Queue();
    queue.add(single("polled"), OTHERS, 0, 5000, 4000);
    queue.add(single("older than that"), OTHERS, 0, 6501, 4000);
    queue.add(single("just stored"), OTHERS, 0, 100, 4000);
    expect(queue.take(1400)).toMatchObject({ n: 1 }); // the fold
    expect(queue.take(1400)).toMatchObject({ text: "polled", born: -5000 });
    expect(queue.take(OLDEST_MS)).toMatchObject({ text: "just stored" });
    queue.add(single("polled"), OTHERS, 0, 5000, 4000);
    queue.add(single("just stored"), OTHERS, 0, 100, 4000);
    queue.foldOld(OLDEST_MS + 1);
    expect(queue.takeCrowded()).toBe(1); // the other was stored more than five seconds before
    expect(queue.messages).toBe(2);
  });

  test("texts that were stored long ago are folded, but tell nothing of a full wall", () => {
    const queue = new Queue();
    for (let i = 0; i < 600; i += 1) queue.add(single(`text ${i}`), OTHERS, 300_000, 300_000 - i * 500);
    for (let i = 0; i < 20; i += 1) queue.add(single(`now ${i}`), OTHERS, 300_000, 3000);
    expect(queue.takeCrowded()).toBe(25); // 20, and those of the others that are between 2.5 and 5 s old
  });

  test("what waited while the wall stood still, or came while nobody asked, tells nothing of a full wall", () => {
    const queue = new Queue();
    for (let i = 0; i < 10; i += 1) queue.add(single(`before ${i}`), OTHERS, i * 300);
    queue.resume(3000);
    for (let i = 0; i < 10; i += 1) queue.add(single(`unasked ${i}`), OTHERS, 3050, 3000 - i * 40);
    queue.foldOld(3000 + OLDEST_MS);
    expect([queue.messages, queue.takeCrowded()]).toEqual([20, 0]);
    for (let i = 0; i < 10; i += 1) queue.add(single(`after ${i}`), OTHERS, 3100);
    queue.foldOld(3101 + OLDEST_MS);
    expect([queue.messages, queue.takeCrowded()]).toEqual([30, 10]);
  });

  test("when nobody can see the wall, what waits is a number, and no one's own is said to be folded", () => {
    const queue = new Queue();
    queue.add(single("old"), MINE, 0, OLDEST_MS + 1);
    for (let i = 0; i < 5; i += 1) queue.add(single(`mine ${i}`), MINE, 0);
    queue.foldAll();
    expect(queue.take(0)).toMatchObject({ n: 6, counts: 6, own: [] });
    expect(queue.isEmpty).toBe(true);
  });

  test("messages from before the page opened fly but do not count, and a merge knows its first message", () => {
    const queue = new Queue();
    const first = single("hi");
    queue.add(first, MINE, 0);
    queue.uncount();
    queue.add(single(" hi "), OTHERS, 10);
    expect(queue.take(20)).toMatchObject({ text: "hi", first, n: 2, counts: 1, mine: 1, own: [first] });
  });

  test("a calm wall keeps the order, and a full one shows the newest first", () => {
    for (const [isFull, order] of [[false, "abc"], [true, "cba"]]) {
      const queue = new Queue();
      [..."abc"].forEach((text, i) => queue.add(single(text), OTHERS, i * 10));
      expect([30, 40, 50].map((now) => queue.take(now, isFull).text).join("")).toBe(order);
    }
  });

  test("each sender has one flight in ten seconds before all others", () => {
    const queue = new Queue();
    for (const sender of [1, 2]) queue.add(ofBurst(`first of ${sender}`, sender), OTHERS, 0);
    expect(queue.take(0).text).toBe("first of 1");
    queue.add(ofBurst("second of 1", 1), OTHERS, 1000);
    queue.add(single("a guest"), OTHERS, 900);
    expect([1000, 1001, 1002].map((now) => queue.take(now, true).text)).toEqual(["a guest", "first of 2", "second of 1"]);
    queue.add(ofBurst("third of 1", 1), OTHERS, 10_990);
    queue.add(ofBurst("other of 2", 2), OTHERS, 10_995);
    expect(queue.take(11_002, true).text).toBe("other of 2"); // both are due again, so the newest
  });

  test("single messages with one name are of one guest, and those without a name of one each", () => {
    const queue = new Queue();
    queue.add(single("first of Ana", { name: "Ana" }), OTHERS, 0);
    expect(queue.take(0).text).toBe("first of Ana");
    for (const [i, name] of ["Ana", "", "Tom", ""].entries()) queue.add(single(`${i}`, { name }), OTHERS, 100 - i);
    expect([200, 201, 202, 203].map((now) => queue.take(now, true).text)).toEqual(["1", "2", "3", "0"]);
    queue.add(ofBurst("a burst", 1, { name: "Tom" }), OTHERS, 300); // its senders are told apart by their numbers
    queue.add(ofBurst("a burst, too", 2, { name: "Tom" }), OTHERS, 300);
    queue.add(single("more of Ana", { name: "Ana" }), OTHERS, 300);
    expect([301, 302, 303].map((now) => queue.take(now).text)).toEqual(["a burst", "a burst, too", "more of Ana"]);
  });

  test("one's own message goes before all others and is framed, of a burst one every three seconds", () => {
    const queue = new Queue();
    for (let i = 0; i < 10; i += 1) queue.add(single(`other ${i}`), OTHERS, 0);
    queue.add(single("mine"), MINE, 0);
    queue.add(single("mine, too"), MINE, 0);
    for (const processor of ["a", "b"]) queue.add(ofBurst("of my burst", 1, { processor }), MINE, 0);
    const framed = drain(queue).map(({ text, isFramed }) => [text, isFramed]);
    expect(framed.slice(0, 4)).toEqual([["mine", true], ["mine, too", true], ["of my burst", true], ["other 0", false]]);
    expect(framed.filter(([, isFramed]) => isFramed)).toHaveLength(3);
  });

  test("what goes before it could be read starts again, one's own framed, unless it is too old", () => {
    const queue = new Queue();
    queue.add(single("mine"), MINE, 0);
    const entry = queue.take(0);
    queue.add(single("other"), OTHERS, 100);
    queue.putBack(entry, 100);
    expect(queue.take(100)).toMatchObject({ text: "mine", n: 1, isFramed: true });
    queue.putBack(queue.take(100), 100);
    expect(queue.take(100)).toMatchObject({ text: "other", n: 1, isFramed: false });
    queue.putBack(entry, OLDEST_MS + 1);
    const fold = queue.take(OLDEST_MS + 1);
    expect([fold.text, fold.own]).toEqual([undefined, entry.own]);
  });

  test("a full queue folds the oldest, and never one's own", () => {
    const queue = new Queue();
    queue.add(single("mine"), MINE, 0);
    for (let i = 0; i < 400; i += 1) queue.add(single(`text ${i}`), OTHERS, i);
    expect(queue.take(400)).toMatchObject({ n: 101 });
    expect(queue.take(401)).toMatchObject({ text: "mine" });
  });

  test("own messages that fold are named, so that a page can say so", () => {
    const queue = new Queue();
    const own = single("mine");
    queue.add(own, MINE, 0, OLDEST_MS + 1);
    expect(queue.take(0).own).toEqual([own]);
  });

  test("equal texts of several processors merge from the second level on, those that wait already as well", () => {
    const queue = new Queue();
    for (const processor of ["a", "b", "b"]) queue.add(single("hello", { processor }), OTHERS, 0);
    expect(queue.messages).toBe(3);
    queue.mergeAcross(true);
    queue.add(single("hello", { processor: "c" }), OTHERS, 10);
    const entry = queue.take(20);
    expect([entry.n, [...entry.parts]]).toEqual([4, [["a", 1], ["b", 2], ["c", 1]]]);
    expect(queue.isEmpty).toBe(true);
    queue.mergeAcross(false);
    for (const processor of ["a", "b"]) queue.add(single("hello", { processor }), OTHERS, 30);
    expect(queue.take(40).n).toBe(1);
  });

  test("no name stands for what another one said", () => {
    const queue = new Queue();
    for (const name of ["Ana", "Tom", "Ana"]) queue.add(single("hello", { name }), OTHERS, 0);
    queue.mergeAcross(true);
    expect(queue.take(1)).toMatchObject({ name: "", n: 3 });
    queue.add(single("bye", { name: "Ana" }), OTHERS, 2);
    expect(queue.take(3)).toMatchObject({ name: "Ana", n: 1 });
    expect([undefined, null, 7, {}, " Mei "].map((name) => nameOf({ name }))).toEqual(["", "", "", "", "Mei"]);
  });

  test("a text that looks like a key merges with no other", () => {
    const queue = new Queue();
    queue.add(single('["a","","hi"]'), OTHERS, 0);
    queue.mergeAcross(true);
    queue.add(single('["a","","x"]'), OTHERS, 0);
    queue.mergeAcross(false);
    queue.add(single("x"), OTHERS, 0);
    expect(drain(queue).map(({ text }) => text)).toEqual(['["a","","hi"]', '["a","","x"]', "x"]);
  });
});

test.describe("density", () => {
  const LAYOUTS = layouts(1920, 935, 10);

  /** Lets so many bullets of this width come each second; returns the levels at the end of each second. */
  function play(density, perSecond, seconds, from = 0, width = 10) {
    const levels = [];
    for (let now = from; now < from + seconds * 1000; now += 50) {
      const before = Math.floor((now * perSecond) / 1000);
      for (let n = Math.floor(((now + 50) * perSecond) / 1000); n > before; n -= 1) density.came(width, LAYOUTS, now);
      const level = density.update(0, now);
      if ((now + 50) % 1000 === 0) levels.push(level);
    }
    return levels;
  }

  test("it follows the load: calm for a few, busy for more, dense for a crowd", () => {
    for (const [perSecond, level] of [[2, CALM], [7, BUSY], [40, DENSE]]) {
      const density = new Density();
      expect([play(density, perSecond, 20).at(-1), density.isCrowd], perSecond).toEqual([level, level === DENSE]);
    }
  });

  test("it goes up at once", () => {
    const density = new Density();
    density.update(0, 0);
    for (let i = 0; i < 60; i += 1) density.came(10, LAYOUTS, 0);
    expect(density.update(0, 0)).toBe(DENSE);
  });

  test("it goes up when a bullet does wait, whatever was planned", () => {
    for (const [wait, level] of [[1000, CALM], [1001, BUSY], [2001, DENSE]]) expect(new Density().update(wait, 0), wait).toBe(level);
  });

  test("it goes down after ten seconds, to what was enough in these", () => {
    const density = new Density();
    play(density, 40, 5);
    const levels = play(density, 7, 40, 5000);
    expect(levels.slice(0, 10)).toEqual(Array(10).fill(DENSE));
    expect(levels.at(15)).toBe(BUSY);
    expect(play(density, 0, 30, 45_000).at(-1)).toBe(CALM);
  });

  test("it does not go to and fro under an even load", () => {
    for (const perSecond of [3, 5, 6, 8, 10, 12, 15, 20]) {
      const levels = play(new Density(), perSecond, 120);
      expect(levels, String(perSecond)).toEqual([...levels].sort());
    }
  });
});

test.describe("numbers", () => {
  test("a crowd is described only while texts are folded, and its numbers add up", () => {
    const crowd = new Crowd();
    for (let i = 0; i < 95; i += 1) crowd.flew(i * 10, i * 50);
    expect(crowd.at(4750)).toBeUndefined();
    for (let second = 1; second <= 5; second += 1) crowd.folded(21, second * 950);
    expect(crowd.at(4750)).toEqual({ texts: 40, fly: 19, folded: 21, oldest: 940 });
    expect(crowd.at(10_000)).toBeUndefined();
  });

  test("of a crowd nothing is said while none flies", () => {
    const crowd = new Crowd();
    crowd.folded(600, 0);
    expect(crowd.at(0)).toBeUndefined();
    for (let i = 0; i < 5; i += 1) crowd.flew(100, i);
    expect(crowd.at(5)).toEqual({ texts: 121, fly: 1, folded: 120, oldest: 100 });
  });

  test("a bullet is whole from when its end has come in until its head is at the left edge, on the wall as it is now", () => {
    const flight = (width) => Object.assign(Object.create(Flight.prototype), { left: 1000, width, start: 0, speed: 1, lowest: 100 });
    const whole = (it, width, height = 100) => [150, 250, 600, 1000, 1300].filter((now) => it.isWhole(now, width, height));
    expect(whole(flight(200), 1000)).toEqual([250, 600, 1000]);
    expect(whole(flight(200), 600)).toEqual([600, 1000]); // narrower since it began
    expect(whole(flight(200), 1000, 90)).toEqual([]); // lower: it is cut off
    expect(whole(flight(1300), 1000)).toEqual([1000, 1300]); // wider than the wall
  });
});
