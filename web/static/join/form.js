// The two fields and the emojis. It checks as the server does, loses nothing that was typed, and keeps the focus.

import { keyOf, recall, remember } from "../memory.js";
import { characters, isVisible, messageError } from "../send/limits.js";
import { isTouched } from "./keyboard.js";
import { texts } from "./texts.js";

const DRAFT_KEY = keyOf("draft");
const NAME_KEY = keyOf("name");
/** From so many characters on they are counted. */
const COUNTED_FROM = 80;
/** Two taps within this time are one. */
const DOUBLE_MS = 1000;

/** Calls `onSubmit()` when the person wants to send. */
export class Form {
  #clearedAt = -Infinity;

  constructor(root, onSubmit) {
    this.name = root.querySelector("#name");
    this.message = root.querySelector("#message");
    this.letters = root.querySelector("#letters");
    this.message.value ||= recall(DRAFT_KEY) ?? "";
    const name = recall(NAME_KEY, "localStorage");
    if (typeof name === "string") this.name.value ||= name;
    root.addEventListener("submit", (event) => {
      event.preventDefault(); // for Enter and for the button: the page is not loaded again
      onSubmit();
    });
    root.addEventListener("input", ({ target }) => this.#typed(target));
    // A button that is pressed takes the focus, and with it the keyboard, from the field.
    for (const button of root.querySelectorAll("button")) button.addEventListener("mousedown", (event) => event.preventDefault());
    const emojis = root.querySelector("#emojis");
    emojis.addEventListener("click", ({ target }) => target.matches("button") && this.#add(target.textContent));
    this.#count();
  }

  /** What was typed, `{ text, name }`; undefined if it is marked as wrong now. */
  read() {
    if (this.message.value.trim() === "" && performance.now() - this.#clearedAt < DOUBLE_MS) return undefined; // pressed twice
    const [text, name] = [this.message.value, this.name.value];
    const errors = { message: messageError(text, Number(this.message.dataset.max)), name: nameError(name, Number(this.name.dataset.max)) };
    for (const field of [this.name, this.message]) this.#mark(field, errors[field.name]);
    const wrong = [this.message, this.name].find((field) => errors[field.name]);
    wrong?.focus();
    return wrong ? undefined : { text: text.trim(), name: name.trim() };
  }

  /** The message was taken: its field is free for the next one. */
  clear() {
    this.#clearedAt = performance.now();
    this.message.value = "";
    this.#typed(this.message);
    // Where a keyboard would come up over the page, only a field that has the focus keeps it.
    if (!isTouched()) this.message.focus();
  }

  /** A message that was refused can be mended. What was typed since then stays, after it. A second tap adds nothing. */
  putBack(text) {
    const { message } = this;
    const isBack = `${message.value} `.startsWith(`${text} `);
    if (!isBack) message.value = message.value ? `${text} ${message.value}` : text;
    this.#typed(message);
    message.focus();
  }

  /** At the place of the cursor, or at the end. */
  #add(emoji) {
    const { message } = this;
    const [from, to] = [message.selectionStart ?? message.value.length, message.selectionEnd ?? message.value.length];
    message.setRangeText(emoji, from, to, "end");
    this.#typed(message);
  }

  #typed(field) {
    this.#mark(field, undefined);
    if (field === this.message) {
      remember(DRAFT_KEY, field.value || undefined);
      this.#count();
    } else {
      remember(NAME_KEY, field.value.trim() || undefined, "localStorage"); // it outlives the tab
    }
  }

  #mark(field, error) {
    if (error) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    field.parentElement.querySelector(".error").textContent = error ?? "";
  }

  #count() {
    const most = Number(this.message.dataset.max);
    const letters = characters(this.message.value);
    const isCounted = letters >= COUNTED_FROM;
    this.letters.textContent = isCounted ? texts.letters(letters, most) : "";
    this.letters.classList.toggle("over", letters > most);
    this.message.parentElement.classList.toggle("counts", isCounted);
  }
}

function nameError(name, most) {
  const length = characters(name);
  if (length > most) return texts.nameError(length - most, most);
  return length === 0 || isVisible(name) ? undefined : texts.nameError(0, most);
}
