// The first page: the wall, the form with its burst, the numbers, and the card of a bullet.

import { painted } from "./feed/presence.js";
import { Page } from "./page.js";
import { Send } from "./send/send.js";
import { Quiet } from "./wall/quiet.js";

if (document.documentElement.classList.contains("old")) throw new Error("too old a browser: see old.js");

const node = (id) => document.getElementById(id);

// The form comes first and does not need the wall: if the wall fails, the form works.
let page;
const send = new Send(node("send"), {
  announce: (text) => page?.announcer.say(text),
  onSent: () => page?.feed.hurry(),
});
const quiet = new Quiet(node("quiet"), (values) => send.fill(values));

page = new Page({
  isMine: (bullet) => send.isMine(bullet),
  onShown: ({ mine }) => send.shown(mine),
  onDropped: () => card?.close(),
  onReply(reply, _, came) {
    note(reply);
    if (came > 0 || reply.totals.waiting > 0 || reply.problems.length > 0) quiet.end();
  },
  onOnline: (isOnline) => send.setOnline(isOnline),
  onPresence: (isVisible) => send.setVisible(isVisible),
  onPick: (entry, anchor) => pick(entry, anchor),
});

let events;

/** The log of events is loaded for the first one. */
async function note({ events: all = [], now }) {
  if (all.length === 0 && !events) return;
  try {
    const { Events } = await import("./status/events.js");
    events ??= new Events(node("events"));
    events.update(all, now);
  } catch (error) {
    console.warn("the log of events cannot be loaded", error); // the next reply tries again
  }
}

let card;

/** Opens the card of a bullet, which stands still meanwhile. Most visits need no card, so it is loaded for the first. */
async function pick(entry, anchor) {
  const hold = (bullet) => anchor.matches(".bullet") && page.wall.hold(bullet);
  const goOn = () => hold(undefined);
  hold(anchor);
  try {
    const [{ Card }, { style }] = await Promise.all([import("./wall/card.js"), import("./style.js")]);
    await style("card.css");
    card ??= new Card(node("card"), { slotOf: (processor) => page.slotOf(processor) });
    card.close(); // its bullet flies on, and may be this one
    hold(anchor);
    card.open(entry, anchor, goOn);
  } catch (error) {
    console.warn("the card cannot be loaded", error);
    goOn();
  }
}

node("how-open").addEventListener("click", () => node("how").showModal());
page.start();

await painted();
const isFree = () => send.isIdle && document.activeElement === document.body;
const pipeline = await import("./pipeline/page.js").catch((error) => page.reload(error, isFree));
pipeline?.begin(page, { own: () => send.message });
