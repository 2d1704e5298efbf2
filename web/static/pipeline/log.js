// The log of events in the List view: what the time line marks, in words and with the time of day, the newest first.

import { clock } from "../text.js";
import { make } from "./dom.js";
import { marksOf } from "./marks.js";
import { texts } from "./texts.js";

const MOST = 30;
/** Two homepages notice the same event at two moments. */
const SAME_MS = 10_000;

/**
 * The events that are known, with those of an answer, the oldest first. What an answer says of one is newer. A homepage
 * that has restarted, and one that tells of the last seconds, has forgotten some.
 */
export function remembered(known, events) {
  const isNow = new Set(events.map(({ at }) => at));
  const all = [...known];
  for (const event of events) {
    const same = [all.findIndex((it) => it.at === event.at && isSame(it, event)), all.findIndex((it) => !isNow.has(it.at) && isSame(it, event))];
    const i = same.find((index) => index >= 0);
    if (i === undefined) all.push(event);
    else all[i] = { ...event, at: all[i].at, lost: event.lost ?? all[i].lost };
  }
  return all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-MOST);
}

/** The launcher is one, and numbers its events. */
function isSame(one, other) {
  const isNear = Math.abs(Date.parse(one.at) - Date.parse(other.at)) < (other.id === undefined ? SAME_MS : 1);
  return isNear && one.kind === other.kind && one.part === other.part && one.to === other.to;
}

/** Stands beside or below the messages of `list`, and like them is drawn while the list is open and not held. */
export class Log {
  #known = [];
  #now = 0;
  #drawn;

  constructor(list) {
    this.list = list;
    const title = make("p", "list-caption", texts.log.title);
    title.id = "log-title";
    this.items = make("ol");
    const root = make("section", "log", title, this.items);
    root.setAttribute("aria-labelledby", title.id);
    list.body.closest("table").after(root);
    list.onDraw = () => this.#draw();
  }

  /** Takes the newest state. */
  update({ events, now }) {
    this.#known = remembered(this.#known, events.filter(({ at }) => Number.isFinite(Date.parse(at))));
    this.#now = Date.parse(now);
    if (this.list.isDrawn) this.#draw();
  }

  #draw() {
    const events = this.#known.map((event) => ({ ...event, ago_ms: this.#now - Date.parse(event.at) }));
    const lines = marksOf(events, texts.log).reverse();
    const drawn = lines.map(({ at, text, tone }) => `${at} ${tone} ${text}`).join("\n");
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.items.replaceChildren(...(lines.length > 0 ? lines.map(item) : [make("li", "", texts.log.none)]));
  }
}

function item({ at, text, tone }) {
  const time = make("time", "", clock(at));
  time.dateTime = at;
  return make("li", tone === "bad" ? tone : "", time, " ", make("span", "", text));
}
