// The controls of the demo on the first page: how many processors, what a message costs, load, and what to break.

import { failure, isAllowed, scaled, tourFailure } from "./demo.js";
import { make, write } from "./dom.js";
import { texts } from "./texts.js";

const LOADS = ["quiet", "busy", "stampede"];
const MOST_COST_MS = 500;
const COST_STEP_MS = 10;
/** Between two looks at the launcher, which knows the cost and the parts. */
const LOOK_EVERY_MS = 1000;
/** A part that the pipeline names otherwise. */
const PIPELINE_NAMES = { broker: "kafka" };

/**
 * The processors that a person can break, as `{ name, slot, disabled }`. The one that was `chosen` stays when it has gone,
 * so that the next press does not break another one. `slots` remembers the slots that processors had.
 */
export function choices(processors, chosen, slots = new Map()) {
  for (const { name, slot } of processors) if (name) slots.set(name, slot);
  const alive = processors.filter(({ state, name }) => name && !["gone", "died"].includes(state));
  const options = alive.map(({ name, slot }) => ({ name, slot, disabled: false }));
  if (!chosen || options.some(({ name }) => name === chosen)) return options;
  return [...options, { name: chosen, slot: slots.get(chosen) ?? 0, disabled: true }].sort((a, b) => a.slot - b.slot);
}

/** Adds the controls to `main`. `demo` changes things, `pipeline` answers each press in the place of the sentence. */
export class Desk {
  #rows = new Map();
  #slots = new Map();
  #isLooking = false;
  #costChangedAt = -Infinity;

  constructor(main, { demo, pipeline }) {
    this.demo = demo;
    this.pipeline = pipeline;
    this.root = make("aside", "card desk");
    this.root.setAttribute("aria-labelledby", "desk-title");
    const title = make("h2", "", texts.controls.title, make("small", "", texts.controls.note));
    title.id = "desk-title";
    const note = make("p", "desk-note", demo.isByLink ? texts.controls.byLink : texts.controls.onlyHere);
    const [number, cost, load, parts] = [this.#buildNumber(), this.#buildCost(), this.#buildLoad(), this.#buildBreak()];
    const tour = this.#buildTour();
    this.ofLauncher = [number, cost, parts, tour];
    this.root.append(title, number, cost, load, tour, parts, note);
    main.querySelector(".scaling").after(this.root);
    for (const part of this.ofLauncher) part.hidden = true; // until one has answered
    if (demo.scaling) this.#takeScaling(demo.scaling);
    this.timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    if (pipeline.state) this.update(pipeline.state);
  }

  /** Another desk comes in its place. */
  remove() {
    clearInterval(this.timer);
    this.root.remove();
  }

  /** Takes the pipeline's state. */
  update(state) {
    const { ready, wanted, min, max, mode } = state;
    write(this.number, String(wanted !== null && mode !== "automatic" ? wanted : ready));
    write(this.range, texts.controls.range(min ?? 0, max, wanted ?? ready));
    const isAutomatic = mode === "automatic";
    this.automatic.setAttribute("aria-pressed", String(isAutomatic));
    this.automatic.disabled = mode === "fixed"; // nobody decides: as many run as the launcher was told
    this.byHand.setAttribute("aria-pressed", String(mode === "by_hand"));
    write(this.tour, state.tour ? texts.controls.stopTour : texts.controls.playTour);
    this.#drawDown(state);
    this.#drawProcessors(state);
  }

  #buildNumber() {
    const { controls } = texts;
    this.automatic = this.#button(controls.automatic, () => this.#scale("automatic"));
    this.byHand = this.#button(controls.byHand, () => this.#scale(this.#wanted()));
    const modes = make("div", "desk-modes", this.automatic, this.byHand);
    modes.setAttribute("role", "group");
    modes.setAttribute("aria-label", controls.mode);
    this.number = make("b", "", "–");
    this.range = make("small");
    const fewer = this.#button("−", () => this.#step(-1), controls.fewer);
    const more = this.#button("+", () => this.#step(1), controls.more);
    return make("div", "", modes, make("div", "desk-step", fewer, make("p", "", this.number, this.range), more));
  }

  #buildCost() {
    const { controls } = texts;
    this.cost = make("input");
    Object.assign(this.cost, { type: "range", id: "cost", min: 0, max: MOST_COST_MS, step: COST_STEP_MS, value: 0 });
    this.costText = make("b");
    const label = make("label", "desk-label", controls.cost, this.costText);
    label.htmlFor = "cost";
    this.cost.addEventListener("input", () => this.#drawCost());
    this.cost.addEventListener("change", () => {
      const ms = Number(this.cost.value);
      this.#costChangedAt = performance.now();
      this.#do(() => this.demo.cost(ms), texts.said.cost(ms));
    });
    this.#drawCost();
    const ticks = make("div", "desk-ticks", make("span", "", "0"), make("span", "", "250"), make("span", "", controls.milliseconds(MOST_COST_MS)));
    ticks.setAttribute("aria-hidden", "true");
    return make("div", "", label, this.cost, ticks);
  }

  #buildLoad() {
    const buttons = LOADS.map((name) =>
      this.#button(texts.controls[name], () => this.#do(() => this.demo.load(name), texts.said.load[name])),
    );
    return make("div", "", make("h3", "", texts.controls.load), make("div", "desk-loads", ...buttons));
  }

  #buildTour() {
    this.tour = this.#button(texts.controls.playTour, () => this.#toggleTour());
    return make("div", "desk-tour", this.tour);
  }

  #buildBreak() {
    const { controls } = texts;
    this.select = make("select");
    this.select.setAttribute("aria-label", controls.processor);
    this.parts = make("div", "desk-parts");
    const head = make("h3", "", controls.breakIt, make("span", "", controls.freezeLasts));
    this.#rows.set("processor", this.#row(this.select, () => this.select.value));
    const choose = () => (this.chosen = this.select.value);
    this.select.addEventListener("change", () => {
      choose();
      this.#enable();
    });
    for (const button of ["freeze", "kill"]) this.#rows.get("processor")[button].addEventListener("click", choose);
    return make("div", "", head, this.parts);
  }

  /** A row of a part: its name, and two buttons, or how long it has been down. */
  #row(name, part) {
    const { controls } = texts;
    const act = (how) => () => part() && this.#do(() => this.demo.break(part(), how), texts.said[how](part()));
    const freeze = this.#button(controls.freeze, act("freeze"));
    const kill = this.#button(controls.kill, act("kill"));
    kill.className = "kill";
    const down = make("span", "desk-down");
    down.hidden = true;
    down.tabIndex = -1; // it gets the focus of the buttons in whose place it comes
    const row = { freeze, kill, down };
    const rename = () => {
      freeze.setAttribute("aria-label", controls.freezePart(part()));
      kill.setAttribute("aria-label", controls.killPart(part()));
    };
    rename();
    if (name === this.select) this.select.addEventListener("change", rename);
    row.rename = rename;
    this.parts.append(name, freeze, kill, down);
    return row;
  }

  #drawProcessors({ processors }) {
    const options = choices(processors, this.chosen, this.#slots);
    const drawn = JSON.stringify(options);
    if (this.options === drawn) return;
    this.options = drawn;
    const row = this.#rows.get("processor");
    const before = this.select.value;
    this.select.replaceChildren(...options.map(({ name, slot, disabled }) => {
      const text = slot > 0 ? texts.controls.processorName(slot) : name;
      return Object.assign(make("option", "", text), { value: name, disabled });
    }));
    if (options.some(({ name }) => name === before)) this.select.value = before;
    row.rename();
    this.#enable();
  }

  /** Nothing can be done to a processor that has gone. */
  #enable() {
    const { freeze, kill } = this.#rows.get("processor");
    freeze.disabled = kill.disabled = this.select.selectedOptions[0]?.disabled ?? true;
  }

  /** A part that is down shows for how long, instead of its buttons. */
  #drawDown({ down }) {
    for (const [name, row] of this.#rows) {
      const failure = down.find(({ part }) => part === (PIPELINE_NAMES[name] ?? name));
      this.#swap(row, failure !== undefined);
      if (!failure) continue;
      const seconds = Math.max(1, Math.round(failure.for_ms / 1000));
      write(row.down, failure.frozen ? texts.controls.frozen(seconds) : texts.controls.down(seconds));
    }
  }

  /** The focus of people with a keyboard stays in the row. */
  #swap(row, isDown) {
    if (row.down.hidden === !isDown) return;
    const focused = document.activeElement;
    row.down.hidden = !isDown;
    if (isDown && [row.freeze, row.kill].includes(focused)) row.down.focus();
    row.freeze.hidden = row.kill.hidden = isDown;
    if (!isDown && focused === row.down) row.kill.focus();
  }

  #drawCost() {
    write(this.costText, texts.controls.milliseconds(Number(this.cost.value)));
    this.cost.setAttribute("aria-valuetext", this.costText.textContent);
  }

  /** The launcher's parts come once; its cost may be changed elsewhere, too. */
  #takeScaling({ work_ms, parts }) {
    for (const part of this.ofLauncher) part.hidden = false;
    const isMine = performance.now() - this.#costChangedAt < 2 * LOOK_EVERY_MS || this.cost.matches(":active");
    if (Number.isFinite(work_ms) && !isMine) {
      this.cost.value = work_ms;
      this.#drawCost();
    }
    for (const { name } of parts ?? []) {
      if (this.#rows.has(name) || name.startsWith("message-processor")) continue;
      this.#rows.set(name, this.#row(make("span", "", texts.controls.names[name] ?? name), () => name));
    }
  }

  async #look() {
    if (this.#isLooking || document.visibilityState !== "visible") return;
    this.#isLooking = true;
    try {
      const scaling = await this.demo.look();
      if (scaling) this.#takeScaling(scaling);
    } catch {
      // the next look tells
    } finally {
      this.#isLooking = false;
    }
  }

  #wanted() {
    const { state } = this.pipeline;
    return state ? (state.wanted ?? state.ready) : 0;
  }

  #step(by) {
    const { state } = this.pipeline;
    const number = this.#wanted() + by;
    if (!state) return;
    if (isAllowed(number, state)) this.#scale(number);
    else this.pipeline.says.answer(texts.said.limit(state.min ?? 0, state.max));
  }

  #scale(wanted) {
    this.#do(() => this.demo.scale(wanted, this.pipeline), scaled(wanted, this.pipeline.fixed, texts.said));
  }

  #toggleTour() {
    const { said } = texts;
    const stopped = this.demo.stopTour(this.pipeline);
    this.pipeline.says.answer(stopped ? said.tourStopped : said.tourBegins);
    const asked = stopped ?? this.demo.tour(true, this.pipeline);
    asked.catch((error) => this.pipeline.says.answer(tourFailure(error, said)));
  }

  /** Whoever takes the demo in hand stops the tour. */
  #do(act, text) {
    const fail = (error) => this.pipeline.says.answer(failure(error, texts.said));
    this.pipeline.says.answer(text);
    this.demo.stopTour(this.pipeline)?.catch(fail);
    act().catch(fail);
  }

  #button(text, act, label) {
    const button = make("button", "", text);
    button.type = "button";
    if (label) button.setAttribute("aria-label", label);
    button.addEventListener("click", act);
    return button;
  }
}
