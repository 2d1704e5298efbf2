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
 * sixth guest has a name, every `again`th text is an earlier one, `mine()` may add messages by their text. Returns
 * `{ stop, sent }`: ends the texts, and tells what came, as a map from text to the time when it was stored.
 */
export async function fill(page, { perSecond, slots = 8, poll = 100, again = Infinity, names = true } = {}) {
  const processors = Array.from({ length: slots }, (_, i) => `message-processor-${i + 1}`);
  const sent = new Map();
  let [offset, begun, ended] = [0, undefined, Infinity];
  const bullet = (stored_at) => {
    offset += 1;
    const base = TEXTS[(offset * 7) % TEXTS.length];
    const message = offset % again === 0 ? base : `${base} ${offset}`;
    sent.set(message, stored_at);
    const place = { id: `room-${offset}`, burst: `room-${offset}`, sender: 1, seq: 1, partition: 0, offset };
    const name = names && offset % 6 === 0 ? { name: NAMES[(offset / 6) % NAMES.length] } : {};
    return { ...place, ...name, message, processor: processors[(offset * 5) % slots], sent_at: stored_at - 80, stored_at };
  };
  await page.route("**/feed?*", (route) => {
    const now = Date.now();
    const isFirst = begun === undefined;
    begun ??= now;
    const due = Math.floor(((Math.min(now, ended) - begun) * perSecond) / 1000);
    const bullets = [];
    while (!isFirst && offset < due) bullets.push(bullet(now - 60));
    const totals = { accepted: offset + 6, stored: offset, waiting: 6, since: "2026-11-29T07:00:00Z" };
    const reply = { cursor: String(offset + 1), now, passed: bullets.length, poll_after_ms: poll, bullets, totals };
    const slotOf = Object.fromEntries(processors.map((name, i) => [name, i + 1]));
    return route.fulfill({ json: { ...reply, processors, slots: slotOf, problems: [], events: [] } });
  });
  return { sent, stop: () => (ended = Date.now()) };
}
