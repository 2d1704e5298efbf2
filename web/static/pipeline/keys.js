// The keys of the stage. Each answers with a line in the place of the sentence.

import { failure, isAllowed, scaled, tourFailure } from "./demo.js";
import { make } from "./dom.js";
import { texts } from "./texts.js";

const AGAIN_MS = 2000;
/** How the list of keys writes them. */
const LOAD_KEYS = "1 2 3";
/** These suit the screen to the room, so the tour goes on. */
const GO_ON = ["f", "l", "?"];
const LOADS = { 1: "quiet", 2: "busy", 3: "stampede" };

/** Listens to the whole page. Without `allow` the keys of the demo do nothing. */
export class Keys {
  #demo;
  #asked = {}; // the key that must be pressed again, and until when

  constructor({ page, pipeline }) {
    this.page = page;
    this.pipeline = pipeline;
    this.body = document.body;
    this.code = document.getElementById("code");
    this.light = document.getElementById("light");
    this.dialog = document.getElementById("keys");
    this.banners = document.getElementById("banners");
    if (new URLSearchParams(location.search).get("light") === "1") this.light.media = "all";
    document.addEventListener("keydown", (event) => this.#take(event));
    document.addEventListener("click", (event) => this.#click(event), true);
  }

  /** The demo may be controlled from here. */
  allow(demo) {
    this.#demo = demo;
  }

  /** Whether this key of the demo does something now. */
  offers(key) {
    return Boolean(this.#demo) && (this.#hasLauncher || key in LOADS);
  }

  /** Does what a key does, or a button with this `name` in its place; false if that is nothing. */
  press(key, name) {
    const act = this.#actions()[key];
    if (!act) return false;
    const { said } = texts;
    const hasStopped = key !== "t" && !GO_ON.includes(key) && this.#stopTour();
    const text = act(key, name);
    if (hasStopped) this.#answer([text, said.tourStopped].filter(Boolean).join(texts.space));
    else if (text) this.#answer(text);
    return true;
  }

  #take(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || this.dialog.open) return;
    const isButton = event.target.closest?.("button, a, input");
    if (isButton && [" ", "Enter"].includes(event.key)) return; // it presses the button
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (this.press(key)) event.preventDefault();
  }

  /** Any click stops the tour; the buttons of the keys do that by themselves. */
  #click({ target }) {
    if (!target.closest("[data-key], dialog") && this.#stopTour()) this.#answer(texts.said.tourStopped);
  }

  /** True if the tour played, or was about to. */
  #stopTour() {
    const stopped = this.#demo?.stopTour(this.pipeline);
    stopped?.catch((error) => this.#answer(failure(error, texts.said)));
    return stopped !== undefined;
  }

  #answer(text) {
    this.pipeline.says.answer(text);
  }

  #actions() {
    const { said } = texts;
    const always = {
      " ": () => (this.page.view.toggle("pause") ? said.paused : said.resumed),
      h: () => (this.page.view.toggle("hide") ? said.hidden : said.shown),
      f: () => this.#fullScreen(),
      q: () => this.#toggleCode(),
      w: () => (this.body.classList.toggle("wall-only") ? said.wallOnly : said.whole),
      l: () => this.#toggleLight(),
      "?": () => this.#open(),
    };
    return this.#demo ? { ...always, ...this.#demoActions() } : always;
  }

  #demoActions() {
    const load = (key) => this.#do(() => this.#demo.load(LOADS[key]), texts.said.load[LOADS[key]]);
    return { 1: load, 2: load, 3: load, ...this.#launcherActions() };
  }

  /** One has answered the page, or answers the homepage by now. */
  get #hasLauncher() {
    return Boolean(this.#demo.scaling) || (this.pipeline.state?.mode ?? null) !== null;
  }

  /** Those that only a launcher can do. */
  #launcherActions() {
    if (!this.#hasLauncher) {
      const none = () => texts.said.noLauncher;
      return { a: none, k: none, r: none, t: none, "+": none, "=": none, "-": none, _: none };
    }
    const more = () => this.#change(1);
    const fewer = () => this.#change(-1);
    return {
      ...{ "+": more, "=": more, "-": fewer, _: fewer },
      a: () => this.#scale("automatic"),
      k: (key, name) => this.#kill(key, this.#demo.victim(this.pipeline.state), name),
      r: (key, name) => this.#kill(key, "event-router", name),
      t: () => this.#toggleTour(),
    };
  }

  #toggleTour() {
    const { said } = texts;
    if (this.#stopTour()) return said.tourStopped;
    this.#demo.tour(true, this.pipeline).catch((error) => this.#answer(tourFailure(error, said)));
    return [said.tourBegins, said.anyClick].join(texts.space);
  }

  /** One more or one fewer than is wanted now, which from then on is by hand. */
  #change(step) {
    const state = this.pipeline.state;
    if (!state) return undefined;
    const number = (state.wanted ?? state.ready) + step;
    return isAllowed(number, state) ? this.#scale(number) : texts.said.limit(state.min ?? 0, state.max);
  }

  #scale(wanted) {
    const text = scaled(wanted, this.pipeline.fixed, texts.said);
    const isSo = wanted === "automatic" && this.pipeline.state?.mode === "fixed";
    return isSo ? text : this.#do(() => this.#demo.scale(wanted, this.pipeline), text);
  }

  /** The same key, or button, must come twice within two seconds. */
  #kill(key, part, name = key.toUpperCase()) {
    const isAgain = this.#asked.key === key && performance.now() < this.#asked.until;
    const named = isAgain ? this.#asked.part : part; // another may be the last one by now
    if (!named) return texts.said.noProcessor;
    this.#asked = isAgain ? {} : { key, part, until: performance.now() + AGAIN_MS };
    return isAgain ? this.#do(() => this.#demo.break(named, "kill"), texts.said.kill(named)) : texts.said.again(name, named);
  }

  /** Says `text` at once, and what went wrong if it did. */
  #do(act, text) {
    act().catch((error) => this.#answer(failure(error, texts.said)));
    return text;
  }

  #fullScreen() {
    const { said } = texts;
    if (document.fullscreenElement) {
      document.exitFullscreen();
      return said.window;
    }
    const asked = document.documentElement.requestFullscreen?.();
    if (!asked) return said.noFullScreen;
    asked.catch(() => this.#answer(said.noFullScreen));
    return said.fullScreen;
  }

  #toggleCode() {
    const isOpen = this.body.classList.toggle("with-code");
    this.code.hidden = !isOpen;
    if (!isOpen) return texts.said.noCode;
    return this.code.querySelector(".room") ? texts.said.room : texts.said.code; // on loopback there is no code
  }

  #toggleLight() {
    const isLight = this.light.media !== "all";
    this.light.media = isLight ? "all" : "not all";
    return isLight ? texts.said.light : texts.said.dark;
  }

  /** Without a launcher only those of the load do something. */
  #demoKeys(all) {
    if (!this.#demo) return [];
    return this.#hasLauncher ? all : all.filter(([key]) => key === LOAD_KEYS);
  }

  #buildList() {
    const { keys } = texts;
    const rows = [...keys.list, ...this.#demoKeys(keys.demo)];
    const list = rows.map(([key, what]) => make("div", "", make("dt", "", make("kbd", "", key)), make("dd", "", what)));
    const title = make("h2", "", keys.title);
    title.id = "keys-title";
    const close = make("button", "", keys.close);
    close.type = "button";
    close.addEventListener("click", () => this.dialog.close());
    this.problems = make("h3", "", keys.problems);
    this.dialog.replaceChildren(title, make("dl", "", ...list), this.problems, close);
    this.dialog.onclose = () => this.body.querySelector("main").append(this.banners);
  }

  /** The list of keys, and what the feed says of problems. */
  #open() {
    this.#buildList();
    this.problems.hidden = this.banners.childElementCount === 0;
    this.problems.after(this.banners);
    this.dialog.showModal();
  }
}
