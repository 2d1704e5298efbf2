// The chart cards: keeps the last minute and a half, and once a second writes the newest values and draws the lines.

import { grouped } from "../text.js";
import { translations } from "../translations.js";
import { History } from "./history.js";

const EVERY_MS = 1000;
const RETRY_MS = 10_000;
const UNKNOWN = "–";
const LATEST_S = 7;

const seconds = () => performance.now() / 1000;

/** Follows the feed for the cards below `root`. */
export class Trends {
  #history = new History();
  #charts = [];
  #isLoading = false;
  #timer;

  constructor(root) {
    this.root = root;
    this.cards = [...root.querySelectorAll(".chart")];
    const observer = new IntersectionObserver((sights) => {
      for (const { target, isIntersecting } of sights) target.classList.toggle("in-sight", isIntersecting);
    });
    this.cards.forEach((card) => observer.observe(card));
  }

  /** Takes a reply, the number of accepted messages as this page counts, and the new bullets. */
  reply({ processors }, accepted, bullets) {
    const now = seconds();
    for (const { stored_at, sent_at } of bullets) this.#history.latency(now, stored_at - sent_at);
    this.#history.reply(now, accepted, processors.length);
    if (this.#history.hasData) this.#timer ??= setInterval(() => this.#tick(), EVERY_MS);
  }

  /** The server does not answer, or the page is hidden: the time until the next reply stays unknown. */
  interrupt() {
    this.#history.interrupt();
  }

  shown(n) {
    this.#history.shown(seconds(), n);
  }

  #tick() {
    if (document.visibilityState !== "visible") return;
    const columns = this.#history.columns(seconds());
    this.#write(newest(columns));
    if (this.#charts.length === 0) this.#load();
    for (const chart of this.#charts) chart.draw(columns);
  }

  /** On a phone the charts are far below. Without scrolling there, no library is loaded for them. */
  async #load() {
    if (this.#isLoading || !this.root.querySelector(".in-sight")) return;
    this.#isLoading = true;
    try {
      const { charts } = await import("./charts.js");
      this.#charts = await charts(this.cards);
    } catch (error) {
      console.warn("the charts cannot be loaded", error); // the numbers next to them work without them
      setTimeout(() => (this.#isLoading = false), RETRY_MS);
    }
  }

  #write(latest) {
    const milliseconds = (value) => (value === null ? UNKNOWN : translations.milliseconds(Math.round(value)));
    const number = (value) => (value === null ? UNKNOWN : grouped(value));
    const texts = {
      sent: number(latest.sent),
      shown: number(latest.shown),
      p99: milliseconds(latest.p99),
      p50: milliseconds(latest.p50),
      processors: number(latest.processors),
    };
    for (const node of this.root.querySelectorAll("[data-key]")) node.textContent = texts[node.dataset.key];
    for (const card of this.cards) {
      const describe = translations.charts[card.dataset.chart];
      const isKnown = [...card.querySelectorAll("[data-key]")].every((node) => latest[node.dataset.key] !== null);
      const label = isKnown ? describe(latest) : translations.charts.none;
      card.querySelector(".chart-plot").setAttribute("aria-label", label);
    }
  }
}

/** The last known value of each column, unless it is older than the slowest poll takes. */
function newest(columns) {
  const last = (values) => values.slice(-LATEST_S).findLast((value) => value != null) ?? null;
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, last(values)]));
}
