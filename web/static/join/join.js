// The guest's page: the form with its pause, one's own messages and what became of them, and the wall where there is room.

import { painted } from "../feed/presence.js";
import { Button } from "./button.js";
import { Form } from "./form.js";
import { followKeyboard } from "./keyboard.js";
import { OwnList } from "./list.js";
import { Lookups } from "./lookups.js";
import { Notes } from "./notes.js";
import { Outbox } from "./outbox.js";
import { Own } from "./own.js";
import { Watch } from "./watch.js";

if (document.documentElement.classList.contains("old")) throw new Error("too old a browser: see old.js");

const node = (id) => document.getElementById(id);

let wait = 0; // seconds until the next message may go
const notes = new Notes(node("note"), node("announcer"), node("own-says"));
const own = new Own((entry, isOther) => {
  const said = draw(entry);
  const isBrief = entry.state === "sending" || (entry.state === "kept" && outbox.pause.left === 0);
  if (isOther) notes.state(entry, said, isBrief);
  if (outbox.hasRoom && own.hasRoom) notes.clear();
  if (entry.state === "waiting") lookups.watch(entry);
});
const list = new OwnList(node("own"), (entry) => press(entry));
const draw = (entry) => list.draw(own.entries, entry, { wait, left: watch.left(entry) });

const outbox = new Outbox(own, {
  onPause: () => button.draw(),
  onSent: () => watch.sent(),
  onTrouble: (reason) => notes.trouble(reason),
});
const form = new Form(node("send"), submit);

const lookups = new Lookups(own, (entry, progress, tries) => {
  if (!progress) own.change(entry, { state: "unknown" });
  else settle(entry, progress, tries);
});

let peek; // the small wall
const watch = new Watch(own, {
  onReply(reply, fresh, unseen) {
    peek?.add(fresh, unseen, reply.unasked);
    notes.problems(reply.problems, reply.totals);
    for (const entry of own.waiting) draw(entry);
  },
  onOnline(isOnline, reason) {
    outbox.setOnline(isOnline);
    notes.online(isOnline, reason);
  },
  onPresence(isVisible) {
    lookups.setVisible(isVisible);
    peek?.setVisible(isVisible);
    if (isVisible) button.draw();
  },
});

const button = new Button(node("go"), () => outbox.pause, (seconds) => {
  if (seconds === wait) return;
  wait = seconds;
  for (const entry of own.entries) if (entry.state === "kept") draw(entry);
});

function submit() {
  const typed = form.read();
  if (!typed) return;
  if (!outbox.hasRoom || !own.hasRoom) {
    notes.full(outbox.hasRoom);
    return;
  }
  outbox.send(own.add(typed.text, typed.name));
  form.clear();
}

/** The button of a message that did not go. */
function press(entry) {
  if (entry.state === "refused") form.putBack(entry.text);
  else if (outbox.hasRoom) outbox.send(entry);
  else notes.full();
}

/** What the server says of a message that the feed has not brought. */
function settle(entry, { state, row }, tries) {
  if (state === "expired") own.change(entry, { state: "expired" });
  else if (state === "finished_without_row") own.change(entry, { state: "gone" });
  else if (state === "stored" && row?.verdict === "blocked") own.change(entry, { state: "blocked" });
  else if (state === "stored" && (watch.hasSkipped || tries > 0)) {
    const { ms, slot } = watch.found(entry, row, false);
    own.change(entry, { state: watch.hasSkipped ? "folded" : "stored", ms, slot });
  }
}

followKeyboard(document.querySelector(".frame"));
for (const entry of own.entries) draw(entry);
for (const entry of own.waiting) lookups.watch(entry);
watch.start();

const room = matchMedia("(min-height: 700px)");
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** The wall is loaded once there is room for it, after the form. Nothing moves for people who asked for that. */
async function look() {
  if (peek || !room.matches || still.matches) return;
  try {
    const { Peek } = await import("./peek.js");
    const hooks = { own, now: () => watch.now, slotOf: (processor) => watch.slotOf(processor) };
    peek ??= new Peek(node("sky"), {
      ...hooks,
      onFolded: (entry) => entry.state === "now" && own.change(entry, { state: "folded" }),
    });
  } catch (error) {
    console.warn("the wall cannot be loaded", error); // without it the page works all the same
  }
}

await painted();
for (const query of [room, still]) query.addEventListener("change", look);
look();
