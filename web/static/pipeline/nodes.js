// The nodes of the pipeline with their numbers: senders, Kafka, router, processors, table.

import { grouped } from "../text.js";
import { Flow } from "./flow.js";
import { Lanes } from "./lanes.js";
import { draw, make, mute, write } from "./dom.js";
import { rate } from "./numbers.js";
import { BACKLOG, countOf, growth, isColdStart, isQuiet, nodeOf, reasonOf, worstOf } from "./state.js";
import { texts } from "./texts.js";

const BLOCKS = 12;
const ORDER = ["senders", "kafka", "router", "processors", "table"];
const TRENDS = { "-1": "▼", 0: "=", 1: "▲" };

/**
 * Builds the pipeline in `root` and draws each state. `up()` is how far above it the wall is, in px, and `own()` a message
 * that this page has sent and that is under way, if there is one.
 */
export class Nodes {
  #lanes;
  #flow;
  #state;

  constructor(root, { up = () => 0, own = () => undefined } = {}) {
    const { labels } = texts;
    this.up = up;
    this.own = own;
    this.nodes = {
      senders: new Node("senders", labels.senders, 6),
      kafka: new Node("kafka", labels.kafka, 5),
      router: new Node("router", labels.router, 3),
      table: new Node("table", labels.table, 6),
    };
    this.#buildKafka();
    this.#buildProcessors();
    const svg = mute(draw("svg", { class: "flow-lines" }));
    const { senders, kafka, router, table } = this.nodes;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", labels.pipeline);
    root.replaceChildren(svg, make("dl", "nodes", senders.root, kafka.root, router.root, this.processors, table.root));
    this.root = root;
    this.#flow = new Flow(svg);
    new ResizeObserver(() => this.#state && this.#join()).observe(root);
  }

  #buildKafka() {
    const { root } = this.nodes.kafka;
    this.blocks = Array.from({ length: BLOCKS }, () => make("i"));
    this.trend = make("dd", "trend");
    root.append(this.trend, mute(make("dd", "stack", ...this.blocks)));
  }

  #buildProcessors() {
    this.ready = make("b");
    this.arrow = mute(make("i", "", "→"));
    this.wanted = make("b");
    this.word = make("span");
    this.reason = make("em");
    this.title = make("dt", "", texts.labels.processors);
    const figures = make("dd", "figures", this.ready, " ", this.arrow, " ", this.wanted, " ", this.word, " ", this.reason);
    const list = make("ul", "lanes");
    this.processors = make("div", "processors", this.title, figures, make("dd", "lane-box", list));
    this.#lanes = new Lanes(list);
  }

  /** `isOld`: the page has lost the server, so the numbers are from before. */
  update(state, isOld) {
    this.#state = state;
    const worst = worstOf(state);
    const down = worst && nodeOf(worst.part);
    this.root.classList.toggle("old", isOld);
    ORDER.forEach((name, i) => {
      const isAfter = down !== undefined && i > ORDER.indexOf(down);
      const node = name === "processors" ? this.processors : this.nodes[name].root;
      node.classList.toggle("pale", isAfter);
    });
    const failures = new Map(state.down.map((it) => [nodeOf(it.part), it]));
    this.#senders(state, failures.get("senders"));
    this.#kafka(state, failures.get("kafka"));
    this.nodes.router.show({ failure: failures.get("router"), ...callsOf(state) });
    this.nodes.table.show({ failure: failures.get("table"), ...rateOf(state.out, state, texts.labels.out) });
    this.#figures(state, down, failures.get("processors"));
    this.drawn = this.#lanes.update(state);
    this.#join();
  }

  #senders(state, failure) {
    const isFirst = state.ready === 0 && state.waiting === 1 && state.in > 0 && state.in <= 1;
    const shown = isFirst ? { number: "1", label: texts.labels.message } : rateOf(state.in, state, texts.labels.in);
    this.nodes.senders.show({ failure, ...shown });
  }

  #kafka(state, failure) {
    const { waiting, history } = state;
    const { kafka } = this.nodes;
    kafka.show({ failure, number: grouped(waiting), label: texts.labels.waiting });
    const isBacklog = waiting > BACKLOG;
    kafka.root.classList.toggle("behind", isBacklog);
    const most = Math.max(BACKLOG, waiting, ...history.waiting);
    const filled = Math.ceil((waiting / most) * BLOCKS);
    this.blocks.forEach((block, i) => block.classList.toggle("on", BLOCKS - i <= filled));
    const isMoving = !failure && !isQuiet(state) && state.ready > 0;
    const isFirst = isColdStart(state) && !isBacklog;
    this.trend.classList.toggle("unknown", !isMoving && !isFirst); // it keeps its place, so that nothing jumps
    this.trend.classList.toggle("first", isFirst);
    if (isFirst) write(this.trend, this.#first());
    else if (isMoving) write(this.trend, trend(growth(state)));
  }

  /** What stands in Kafka. Only who has sent it sees its text: others see a text once a processor has moderated it. */
  #first() {
    return this.own()?.trim() || texts.labels.first;
  }

  #figures(state, down, failure) {
    const { labels } = texts;
    const { wanted } = state;
    const ready = state.ready + countOf(state, "draining"); // those finish their calls
    const hasArrow = !failure && wanted !== null && wanted !== ready;
    this.processors.classList.toggle("down", failure !== undefined);
    write(this.title, failure ? `✕ ${labels.processors}` : labels.processors);
    write(this.ready, grouped(ready));
    write(this.wanted, hasArrow ? grouped(wanted) : "");
    this.arrow.hidden = this.wanted.hidden = !hasArrow;
    write(this.word, failure ? failureWords(failure).join(" ") : wordOf(state, ready, hasArrow));
    write(this.reason, failure ? "" : whyWanted(state, down));
  }

  #join() {
    const { senders, kafka, router, table } = this.nodes;
    const asleep = this.#lanes.asleep;
    const worst = worstOf(this.#state);
    const lanes = [...this.drawn, ...(asleep && this.drawn.length === 0 ? [{ node: asleep, slot: 0, calls: 0, state: "asleep" }] : [])];
    this.#flow.update({
      nodes: { senders: senders.root, kafka: kafka.root, router: router.root, processors: this.processors, table: table.root },
      lanes,
      down: worst && nodeOf(worst.part),
      isQuiet: isQuiet(this.#state),
      up: this.#state.out > 0 ? this.up() : 0,
    });
  }
}

const rateOf = (value, state, label) => ({
  number: rate(value),
  unit: texts.labels.perSecond,
  label: isQuiet(state) ? texts.labels.quiet : label,
});

const trend = (grows) => {
  const sign = Math.sign(grows);
  const text = sign === 0 ? texts.labels.steady : `${rate(Math.abs(grows))}${texts.labels.perSecond}`;
  return `${TRENDS[sign]} ${text}`;
};

function wordOf({ wanted, mode }, ready, hasArrow) {
  if (hasArrow) return texts.labels.wanted;
  if (wanted === null && mode === null) return texts.labels.busy;
  return ready === 0 ? texts.labels.asleep : texts.labels.ready;
}

function callsOf({ calls }) {
  if (calls === null) return { number: "–", label: texts.labels.calls };
  const whole = Math.round(calls);
  return { number: grouped(whole), label: whole === 1 ? texts.labels.call : texts.labels.calls };
}

/** Why so many are wanted. */
function whyWanted(state, down) {
  if (down === "router" || down === "kafka") return texts.labels.unreached;
  if (state.ready === 0 && state.waiting > 0) return texts.labels.waits(state.waiting);
  const reason = isQuiet(state) ? undefined : reasonOf(state);
  return reason ? texts.labels.reason(reason.calls, reason.target) : "";
}

const failureWords = ({ for_ms, frozen }) => [
  frozen ? texts.labels.frozen : texts.labels.down,
  texts.labels.since(Math.max(1, Math.round(for_ms / 1000))),
];

/** In letters: a Chinese one is as wide as two. */
const widthOf = (unit) => [...unit].reduce((sum, letter) => sum + (letter > "\u2e7f" ? 2 : 1), 0);

/** One node: its name, its number and what that counts. */
class Node {
  /** `most` letters of a number fit in full size. */
  constructor(name, title, most) {
    this.name = title;
    this.most = most;
    this.title = make("dt", "", title);
    this.number = make("span");
    this.unit = make("small");
    this.label = make("dd");
    this.big = make("dd", "big", this.number, this.unit);
    this.root = make("div", `node node-${name}`, this.title, this.big, this.label);
  }

  show({ failure, number, unit = "", label }) {
    const [what, since] = failure ? failureWords(failure) : [number, label];
    this.root.classList.toggle("down", failure !== undefined);
    write(this.title, failure ? `✕ ${this.name}` : this.name);
    write(this.number, what);
    const excess = what.length + widthOf(unit) - this.most;
    this.big.className = failure || excess <= 0 ? "big" : excess === 1 ? "big long" : "big longer";
    write(this.unit, failure ? "" : unit);
    write(this.label, since);
  }
}
