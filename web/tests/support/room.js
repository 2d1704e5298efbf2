// A made-up room: so many different texts a second, each by a guest of its own, as the feed of the page brings them.

const TEXTS = [
  "how many pods now?", "hello from row 3", "弹幕来了", "is that Kafka?", "go go go", "greetings from Porto", "my first bullet", "能看到我吗",
  "what happens at zero?", "so smooth", "1 000 a second please", "再来一波", "kill the router!", "hi mum", "where is the yellow one?",
  "love the stairs", "does it lose any?", "自动扩容真快", "over here!", "cold start was quick", "Rust?", "more load please",
  "back row can read this", "你好，世界", "can it go to 12?", "who is orange?", "nice colours", "ready for the stampede", "hello Berlin",
  "coffee after this?",
];
const NAMES = ["Ana", "Jonas", "Li Na", "Tom", "Aisha", "Kofi", "小林", "Eva"];

/**
 * From now on the feed of `page` brings `perSecond` different texts, of `slots` processors, stored 60 ms before. Every
 * sixth guest has a name, and every `again`th message says what another one has said. Returns `sent`, a map from each
 * text to the time when it was stored; `say(bullet)`, which adds one with these members; `leaveOut(n)`, after which a reply
 * leaves so many out; and `stop()`, which ends the texts.
 */
export async function crowd(page, { perSecond, slots = 8, again = Infinity } = {}) {
  const processors = Array.from({ length: slots }, (_, i) => `message-processor-${i + 1}`);
  const sent = new Map();
  const extra = [];
  let [offset, begun, ended] = [0, undefined, Infinity];
  const make = (rest) => {
    offset += 1;
    const stored_at = Date.now() - 60;
    const base = TEXTS[(offset * 7) % TEXTS.length];
    const name = offset % 6 === 1 ? { name: NAMES[((offset - 1) / 6) % NAMES.length] } : {};
    const place = { id: `room-${offset}`, burst: `room-${offset}`, sender: 1, seq: 1, partition: 0, offset, sent_at: stored_at - 80, stored_at };
    const message = offset % again === 0 ? TEXTS[0] : `${base} ${offset}`;
    const bullet = { ...place, ...name, message, processor: processors[(offset * 5) % slots], ...rest };
    sent.set(bullet.message, bullet.stored_at);
    return bullet;
  };
  let [made, leftOut] = [0, 0];
  await page.route("**/feed?*", (route) => {
    const now = Date.now();
    const isFirst = begun === undefined;
    begun ??= now;
    const due = Math.floor(((Math.min(now, ended) - begun) * perSecond) / 1000);
    const bullets = extra.splice(0).map(make);
    for (; !isFirst && made < due; made += 1) bullets.push(make());
    const totals = { accepted: offset + 6, stored: offset, waiting: 6, since: "2026-11-29T07:00:00Z" };
    const passed = bullets.length + leftOut;
    leftOut = 0;
    const reply = { cursor: String(offset + 1), now, passed, poll_after_ms: 100, bullets, totals };
    const slotOf = Object.fromEntries(processors.map((name, i) => [name, i + 1]));
    return route.fulfill({ json: { ...reply, processors, slots: slotOf, problems: [], events: [] } });
  });
  return { sent, say: (bullet) => extra.push(bullet), leaveOut: (n) => (leftOut = n), stop: () => (ended = Date.now()) };
}

/** Runs in the page before its own scripts: notes when each text starts, by the page's clock, and how it looks. */
export function watchStarts() {
  window.starts = [];
  document.addEventListener("DOMContentLoaded", () => {
    const note = (node) => {
      if (!node.matches?.(".bullet")) return;
      const text = node.querySelector(".text")?.textContent;
      window.starts.push({ at: Date.now(), text, said: node.textContent, size: parseFloat(node.style.fontSize), name: node.className });
    };
    const observer = new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach(note)));
    observer.observe(document.getElementById("sky"), { childList: true });
  });
}

/** The ages of all bullets when they started, in ms, the lowest first. */
export async function agesOf(page, sent) {
  const starts = await page.evaluate(() => window.starts);
  const ages = starts.filter(({ text }) => sent.has(text)).map(({ at, text }) => at - sent.get(text));
  return ages.sort((a, b) => a - b);
}
