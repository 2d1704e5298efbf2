// The lines of the pipeline: from node to node, and from the router over each lane to the table.

import { draw } from "./dom.js";
import { styleOf } from "../wall/palette.js";

const SIDE = 100;

/** Draws the lines into an SVG that covers the pipeline. */
export class Flow {
  #drawn = "";

  constructor(svg) {
    this.svg = svg;
  }

  /** `nodes` are the pipeline's, `lanes` those of the list; `down` is the node that is down, `up` the way to the wall. */
  update({ nodes, lanes, down, isQuiet, up }) {
    const box = this.svg.getBoundingClientRect();
    if (box.width === 0) return;
    const at = (node) => place(node.getBoundingClientRect(), box);
    const unit = box.height / SIDE;
    const order = ["senders", "kafka", "router", "processors", "table"];
    const places = Object.fromEntries(order.map((name) => [name, at(nodes[name])]));
    const isCut = (name) => down !== undefined && order.indexOf(name) >= order.indexOf(down);
    const lines = [
      ...link(places.senders, places.kafka, places.router.y, isCut("kafka") && down === "kafka", isQuiet, unit),
      ...link(places.kafka, places.router, places.router.y, down === "router", isQuiet, unit),
      ...laneLines(lanes, { at, places, unit, isDead: isCut("router") || isQuiet, width: box.width }),
      ...(up > 0 ? arrow(places.table, up, unit) : []),
    ];
    const drawn = JSON.stringify(lines);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.svg.replaceChildren(...lines.map((line) => draw("path", line)));
  }
}

const place = (it, box) => ({
  left: round(it.left - box.left),
  right: round(it.right - box.left),
  top: round(it.top - box.top),
  y: round((it.top + it.bottom) / 2 - box.top),
});

const round = (value) => Math.round(value * 10) / 10;

function link(from, to, y, isBroken, isQuiet, unit) {
  const name = isBroken ? "flow-bad" : isQuiet ? "flow-quiet" : "flow";
  return [{ class: name, d: `M${from.right} ${y}H${to.left}`, "stroke-width": round(unit * 1.1) }];
}

/** 0.5 to 2.2 % of the height, by calls. */
const widthOf = (calls, unit) => round(unit * (0.5 + Math.min(10, calls) * 0.17));

function laneLines(lanes, { at, places, unit, isDead, width }) {
  const [from, to] = [places.router, places.table];
  const spots = lanes.map(({ node }) => at(node));
  if (lanes.length > 6) return brackets(spots, { from, to, unit, isDead });
  return lanes.flatMap(({ slot, calls, state }, i) => {
    const spot = spots[i];
    if (spot.left - from.right > width * 0.2) return []; // a second column
    const isAway = ["starting", "gone", "died", "frozen", "asleep"].includes(state);
    const style = slot === 0 ? "slot-0" : `slot-${styleOf(slot)}`;
    const before = isAway || isDead ? `lane-line away ${style}` : `lane-line ${calls > 0.05 ? "" : "empty"} ${style}`;
    const lines = [{ class: before, d: curve(from.right, from.y, spot.left - unit, spot.y), "stroke-width": widthOf(isAway || isDead ? 0 : calls, unit) }];
    if (!isAway) {
      const after = `lane-line ${calls > 0.05 && !isDead ? "" : "empty"} ${style}`;
      lines.push({ class: after, d: curve(spot.right + unit, spot.y, to.left, to.y), "stroke-width": widthOf(calls, unit) });
    }
    return lines;
  });
}

function curve(x, y, toX, toY) {
  const bend = (toX - x) * 0.55;
  return `M${x} ${y}C${round(x + bend)} ${y} ${round(toX - bend)} ${toY} ${round(toX)} ${toY}`;
}

/** Too many lanes for a line each: a bracket on both sides. */
function brackets(spots, { from, to, unit, isDead }) {
  const left = round(Math.min(...spots.map((it) => it.left)) - unit * 2.5);
  const right = round(Math.max(...spots.map((it) => it.right)) + unit * 2.5);
  const [top, bottom] = [round(Math.min(...spots.map((it) => it.y)) - unit * 4), round(Math.max(...spots.map((it) => it.y)) + unit * 4)];
  const hook = round(unit * 1.5);
  const line = { class: isDead ? "flow-quiet" : "flow", "stroke-width": round(unit * 1.1) };
  return [
    { ...line, d: `M${from.right} ${from.y}H${left}M${left + hook} ${top}H${left}V${bottom}h${hook}` },
    { ...line, d: `M${right - hook} ${top}H${right}V${bottom}h${-hook}M${right} ${to.y}H${to.left}` },
  ];
}

/** From the table to the wall, past the end of the sentence. */
function arrow(table, up, unit) {
  const x = round((table.left + table.right) / 2);
  const [side, head] = [round(unit * 3), round(unit * 4.5)];
  const d = `M${x} ${table.top}V${-up}M${x - side} ${round(-up + head)}L${x} ${-up}l${side} ${head}`;
  return [{ class: "flow", d, "stroke-width": round(unit * 1.1) }];
}
