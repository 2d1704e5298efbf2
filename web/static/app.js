// The first page: wires the feed to the wall, the list, the numbers and the banners, and the form to its burst.

import { Announcer } from "./status/announcer.js";
import { Banners } from "./status/banners.js";
import { Counters } from "./status/counters.js";
import { Feed } from "./feed/feed.js";
import { Health } from "./status/health.js";
import { Legend } from "./wall/legend.js";
import { List } from "./wall/list.js";
import { Palette } from "./wall/palette.js";
import { onPresence } from "./feed/presence.js";
import { Quiet } from "./wall/quiet.js";
import { Sample } from "./wall/sample.js";
import { Seen } from "./wall/seen.js";
import { Send } from "./send/send.js";
import { View } from "./wall/view.js";
import { Wall } from "./wall/wall.js";

const RECENT_MS = 60_000;
const MOST_RECENT = 30;

const node = (id) => document.getElementById(id);
const slotOf = (processor) => palette.slot(processor, performance.now());
const onShown = (n) => counters.shown(n);

const palette = new Palette();
const seen = new Seen();
const sample = new Sample();
const announcer = new Announcer(node("announcer"));
const counters = new Counters(node("counters"));
const legend = new Legend(node("legend"));
const wall = new Wall(node("sky"), { slotOf, onShown });
const list = new List(node("list-body"), { slotOf, onShown });
const view = new View(node("wall"), { wall, list });
const feed = new Feed({ onReply, onFailure: (failure) => health.failure(failure) });
const send = new Send(node("send"), {
  announce: (text) => announcer.say(text),
  onSent: () => feed.hurry(),
});
const quiet = new Quiet(node("quiet"), (values) => send.fill(values));
const health = new Health({
  banners: new Banners(node("banners"), node("banner-template")),
  pill: node("pill"),
  retry: () => feed.start(),
  onOnline: (isOnline) => send.setOnline(isOnline),
});

function onReply(reply) {
  const { totals, processors } = reply;
  const now = performance.now();
  const anew = counters.update(totals, processors);
  if (anew) {
    wall.uncount();
    list.uncount();
  }
  palette.update(processors, now);
  const came = showBullets(reply, !anew);
  counters.warn(health.reply(reply));
  drawLegend(processors, totals.waiting);
  announcer.came(came, totals.waiting, processors.length);
}

/** Bullets from before this page's counting fly too when they are recent, but do not count as shown. */
function showBullets({ bullets, passed, isFirst, serverNow }, counts) {
  const fresh = bullets.filter(({ id }) => seen.add(id));
  const recent = ({ stored_at }) => serverNow - stored_at < RECENT_MS;
  const flying = isFirst ? fresh.filter(recent).slice(-MOST_RECENT) : fresh;
  const unseen = isFirst ? 0 : Math.max(0, passed - bullets.length);
  view.add({ bullets: fresh, flying, unseen, counts });
  view.setSample(sample.add(bullets.length, bullets.length + unseen, performance.now()));
  if (flying.length > 0 || unseen > 0) quiet.end();
  return flying.length + unseen;
}

function drawLegend(processors, waiting) {
  const entries = palette.legend();
  const named = new Set(entries.map(({ name }) => name));
  const extra = processors.filter((name) => !named.has(name)).length;
  legend.draw(entries, extra, waiting > 0);
}

onPresence((isVisible) => {
  view.setVisible(isVisible);
  send.setVisible(isVisible);
  if (isVisible) feed.start();
  else feed.stop();
});

if (document.visibilityState === "visible") feed.start();
