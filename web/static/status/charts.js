// The charts, drawn by uPlot. They are loaded only when there is something to draw and they are visible.

import { grouped } from "../text.js";
import { translations } from "../translations.js";

const AXIS_FONT = "11px Inter, system-ui, sans-serif";
const TICKS = [-80, -60, -40, -20, 0];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** What each chart draws: the names of its columns, and how its lines look. */
const KINDS = {
  rate: { columns: ["sent", "shown"], least: 10 },
  latency: { columns: ["p99", "p50"], least: 100 },
  processors: { columns: ["processors"], least: 4, isStepped: true },
};

/** Loads uPlot from the address in the page, and makes a chart of each card. */
export async function charts(cards) {
  const { uplotJs, uplotCss } = document.body.dataset;
  nameLanguage();
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: uplotCss }));
  await new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: uplotJs, onload: resolve, onerror: reject });
    document.head.append(script);
  });
  return cards.map((card) => new Chart(card, KINDS[card.dataset.chart]));
}

/** Where no language is set, WebKitGTK calls it "C", which is no language tag, and uPlot throws while it loads. */
function nameLanguage() {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: document.documentElement.lang, configurable: true });
  }
}

class Chart {
  constructor(card, kind) {
    this.kind = kind;
    this.plotNode = card.querySelector(".chart-plot");
    this.plot = new globalThis.uPlot(options(kind, this.#size()), undefined, this.plotNode);
    new ResizeObserver(() => this.plot.setSize(this.#size())).observe(this.plotNode);
    card.querySelector(".chart-empty").hidden = true;
  }

  /** Takes the columns of the history. */
  draw(columns) {
    this.plot.setData([columns.ago, ...this.kind.columns.map((name) => columns[name])]);
  }

  #size() {
    const { clientWidth, clientHeight } = this.plotNode;
    return { width: Math.max(1, clientWidth), height: Math.max(1, clientHeight) };
  }
}

function options(kind, size) {
  const text = colour("--t3");
  const grid = { stroke: colour("--line"), width: 1 };
  const texts = translations.charts;
  return {
    ...size,
    padding: [8, 16, 0, 0], // otherwise the last label is cut
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-90, 0] },
      y: { range: (_, __, most) => [0, top(most ?? 0, kind.least)] },
    },
    axes: [
      {
        stroke: text,
        font: AXIS_FONT,
        size: 22,
        gap: 2,
        grid: { show: false },
        ticks: { show: false },
        splits: TICKS,
        values: (_, ticks) => ticks.map((tick) => (tick === 0 ? texts.now : texts.ago(-tick))),
      },
      {
        stroke: text,
        font: AXIS_FONT,
        size: 44,
        gap: 6,
        grid,
        ticks: { show: false },
        splits: (_, __, least, most) => [least, (least + most) / 2, most],
        values: (_, ticks) => ticks.map(grouped),
      },
    ],
    series: [{}, ...kind.columns.map((_, i) => line(i, kind.isStepped))],
  };
}

/** The first line of a chart is solid and filled, the second dashed: they differ not by colour alone. */
function line(i, isStepped) {
  const common = { width: i === 0 ? 2 : 1.5, points: { show: isSparse, size: 5 }, spanGaps: false };
  if (isStepped) common.paths = globalThis.uPlot.paths.stepped({ align: -1 });
  if (i > 0) return { ...common, stroke: colour("--text"), dash: [4, 4] };
  return { ...common, stroke: colour("--accent"), fill: `${colour("--accent")}1f` };
}

/** With so few values some may have no neighbour, and a single value makes no line. */
function isSparse(plot, series) {
  return plot.data[series].filter((value) => value != null).length < 5;
}

/** The next round number that can be halved: 10, 20, 40, 60, 80, 100, 200, … */
function top(most, least) {
  if (most <= least) return least;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((round) => round >= most);
}
