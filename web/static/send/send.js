// What Send does and when it may: ties the form, the strip and the burst together.

import { translations } from "../translations.js";
import { Burst } from "./burst.js";
import { Form } from "./form.js";
import { Strip } from "./strip.js";

const SENDING = new Set(["posting", "running", "stopping"]);

/** The lower card of the page. `onSent()` is called when the server has accepted a burst. */
export class Send {
  #isOnline = true;
  #phase = "idle";
  #closedUntil = 0;
  #countdown;
  #status; // what the strip says while the server answers and no burst runs

  constructor(root, { announce, onSent }) {
    this.announce = announce;
    this.onSent = onSent;
    this.form = new Form(root, { onInput: () => this.#hint(), onSubmit: () => this.#submit() });
    this.strip = new Strip(root, { onStop: () => this.#stop() });
    this.burst = new Burst((change) => this.#take(change));
    const { line } = this.strip; // it may say what became of a form that was sent before this script came
    const [, tone] = line.classList;
    if (tone) this.#say(line.textContent, tone);
    else this.#hint();
    this.burst.resume();
  }

  /** Fills the form with the values of a preset and says what Send will do. */
  fill(values) {
    this.form.fill(values);
    this.#hint();
    this.form.send.focus();
  }

  /** Whether this bullet is of the burst of this tab. */
  isMine(bullet) {
    return this.burst.has(bullet);
  }

  /** The message of this tab's burst while that is under way, else undefined. */
  get message() {
    return this.burst.message;
  }

  /** Bullets that people can read stand for `n` more of the burst's messages. */
  shown(n) {
    this.burst.shown(n);
  }

  /** Whether a reload would forget nothing. */
  get isIdle() {
    return this.#phase === "idle" && !this.#status.tone && this.form.fields.every((it) => it.value === it.defaultValue);
  }

  setVisible(isVisible) {
    this.burst.setVisible(isVisible);
  }

  setOnline(isOnline) {
    if (this.#isOnline === isOnline) return;
    this.#isOnline = isOnline;
    this.#draw();
  }

  #submit() {
    if (!this.#isOpen()) return;
    const { values, errors, isValid } = this.form.check();
    this.form.mark(errors);
    if (isValid) this.burst.send(values);
    else this.#complainOf(errors);
  }

  async #stop() {
    if (!(await this.burst.stop())) this.announce(translations.notStopped);
  }

  #take(change) {
    const before = this.#phase;
    const hadFocus = document.activeElement === this.strip.stop;
    this.#phase = change.phase;
    if (before === "posting" && change.phase === "running") this.onSent();
    if (!this.#isFollowing()) this.#conclude(change);
    else if (!this.#hasWorseToSay()) this.strip.follow(change);
    this.#draw();
    if (hadFocus && !this.strip.showsStop) this.form.send.focus();
  }

  #conclude({ phase, error, latest, elapsed, isWatched }) {
    if (phase === "posting") this.#say(translations.posting);
    else if (phase === "refused") this.#refuse(error);
    else if (phase in translations.noBurst) this.#complain(translations.noBurst[phase]);
    else {
      const text = translations.ended(latest, isWatched ? elapsed : undefined);
      this.#say(text, phase === "failed" ? "bad" : "good");
      this.announce(text);
    }
  }

  #refuse(error) {
    if (error.status === 422 && error.errors.length > 0) {
      const errors = Object.fromEntries(error.errors.map((it) => [it.field, translations.serverError(it)]));
      this.form.mark(errors);
      this.#complainOf(errors);
      return;
    }
    const wait = error.retryAfter ?? 0;
    this.#closedUntil = performance.now() + wait * 1000;
    this.announce(translations.refused(error, wait));
    clearInterval(this.#countdown);
    this.#countdown = setInterval(() => this.#count(error), 250);
    this.#count(error);
  }

  /** Send is enabled again at zero. The reason stays until something is typed or sent. */
  #count(error) {
    const seconds = Math.max(0, Math.ceil((this.#closedUntil - performance.now()) / 1000));
    if (seconds === 0) clearInterval(this.#countdown);
    this.#say(translations.refused(error, seconds), "bad");
  }

  /** The rate has no visible field: it comes with the page's address. */
  #complainOf({ rate, ...fields }) {
    this.#complain(rate ? translations.wrongRate(rate) : translations.invalid(Object.keys(fields).length));
  }

  #complain(text) {
    this.#say(text, "bad");
    this.announce(text);
  }

  /** What Send would do with the current values. */
  #hint() {
    const { values, isValid } = this.form.check();
    if (!this.#isClosed()) this.#say(isValid ? translations.hint(values) : "");
  }

  #say(text, tone) {
    this.#status = { text, tone };
    this.#draw();
  }

  #draw() {
    const { send, sending } = translations.buttons;
    this.form.setSend(this.#isOpen(), SENDING.has(this.#phase) ? sending : send);
    if (this.#isFollowing() && !this.#hasWorseToSay()) return;
    if (!this.#isOnline) this.strip.say(translations.offlineForm);
    else if (this.#status) this.strip.say(this.#status.text, this.#status.tone);
  }

  #isFollowing() {
    return this.#phase === "running" || this.#phase === "stopping" || this.#phase === "draining";
  }

  /** While a burst drains, another may be sent. An error of that one is more important. */
  #hasWorseToSay() {
    return this.#phase === "draining" && (!this.#isOnline || this.#status?.tone === "bad");
  }

  #isClosed() {
    return performance.now() < this.#closedUntil;
  }

  #isOpen() {
    return this.#isOnline && !SENDING.has(this.#phase) && !this.#isClosed();
  }
}
