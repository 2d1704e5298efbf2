// Draws the charts of a report from the figures that lie in its page.

"use strict";

const { at, charts, events } = JSON.parse(document.getElementById("figures").textContent);
const style = getComputedStyle(document.documentElement);
const token = (name) => style.getPropertyValue(name).trim();
const FONT = "11px system-ui, sans-serif";
const HEIGHT = 190;

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const short = (value) => (value == null ? "" : value < 10_000 ? grouped.format(value) : compact.format(value));

/** Marks the events, with their numbers in the list above the charts. */
function drawEvents({ ctx, bbox, valToPos }) {
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = token("--bad");
  ctx.font = `600 ${10 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  events.forEach((event, n) => {
    const x = valToPos(event.at, "x", true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(n + 1, x, bbox.top - 6 * ratio);
  });
  ctx.restore();
}

const axis = (more) => ({
  stroke: () => token("--t2"),
  font: FONT,
  grid: { stroke: () => token("--line"), width: 1 },
  ticks: { show: false },
  ...more,
});

const AXES = [
  axis({ size: 26, gap: 4, values: (_, ticks) => ticks.map((tick) => `${grouped.format(tick)} s`) }),
  axis({ size: 52, gap: 6, values: (_, ticks) => ticks.map(short) }),
];
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** From nothing to a little more than the most, whole numbers to a whole one. */
const fromZero = (_, __, most) => [0, (most || 1) * 1.08];

const SCALES = {
  linear: { range: fromZero },
  stepped: { range: (_, __, most) => [0, (most || 1) + 1] },
  logarithmic: { distr: 3, log: 10 },
};

/** The indices of values between two gaps, which no line shows. */
const lonely = (values) =>
  values.flatMap((value, n) => (value != null && values[n - 1] == null && values[n + 1] == null ? [n] : []));

function series({ name, colour, values }, { scale, lines }) {
  return {
    label: name,
    stroke: () => token(colour),
    fill: lines.length === 1 && scale !== "logarithmic" ? () => `${token(colour)}22` : undefined,
    width: 1.75,
    dash: name === "due" ? [5, 4] : undefined,
    paths: scale === "stepped" ? uPlot.paths.stepped({ align: -1 }) : undefined,
    points: { show: true, size: 4, filter: () => lonely(values) },
    value: (_, value) => (value == null ? "–" : grouped.format(value)),
  };
}

function draw(chart, host) {
  const options = {
    width: host.clientWidth,
    height: HEIGHT,
    padding: [16, 14, 0, 0],
    cursor: { sync: { key: "time" }, drag: { x: true, y: false } },
    scales: { x: { time: false }, y: SCALES[chart.scale] },
    axes: [AXES[0], chart.scale === "stepped" ? { ...AXES[1], incrs: WHOLE } : AXES[1]],
    series: [
      { label: "at", value: (_, value) => (value == null ? "–" : `${grouped.format(value)} s`) },
      ...chart.lines.map((line) => series(line, chart)),
    ],
    hooks: { draw: [drawEvents] },
  };
  const plot = new uPlot(options, [at, ...chart.lines.map(({ values }) => values)], host);
  new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: HEIGHT })).observe(host);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw(false));
}

document.querySelectorAll(".plot").forEach((host, n) => draw(charts[n], host));
