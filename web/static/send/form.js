// The form's fields: reads and checks what was typed, marks errors, and never loses a value.

import { translations } from "../translations.js";
import { characters, check } from "./limits.js";

/** Calls `onInput()` when a value changes and `onSubmit()` when the person wants to send. */
export class Form {
  constructor(form, { onInput, onSubmit }) {
    this.form = form;
    this.fields = [...form.querySelectorAll("input")];
    this.send = form.querySelector("[type=submit]");
    this.range = form.querySelector("#message-range");
    form.addEventListener("submit", (event) => {
      event.preventDefault(); // for Enter and for the button: the page is not loaded again
      onSubmit();
    });
    form.addEventListener("input", (event) => {
      this.#mark(event.target, undefined);
      this.#countLetters();
      onInput();
    });
    this.#countLetters();
  }

  check() {
    const typed = Object.fromEntries(this.fields.map((field) => [field.name, field.value]));
    const most = Object.fromEntries(this.fields.map((field) => [field.name, Number(field.dataset.max)]));
    return check(typed, most);
  }

  /** Writes values into their fields, for a preset. */
  fill(values) {
    for (const field of this.fields) {
      if (values.has(field.name)) field.value = values.get(field.name);
      this.#mark(field, undefined);
    }
    this.#countLetters();
  }

  /** Shows the errors under their fields and moves the focus to the first. */
  mark(errors) {
    for (const field of this.fields) this.#mark(field, errors[field.name]);
    this.fields.find((field) => errors[field.name])?.focus();
  }

  /** `aria-disabled`, not `disabled`, so that the button keeps the keyboard's focus. */
  setSend(isOpen, text) {
    this.send.setAttribute("aria-disabled", String(!isOpen));
    this.send.querySelector("span").textContent = text;
  }

  #mark(field, error) {
    if (error) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    const place = this.form.querySelector(`#${field.name}-error`); // the hidden rate has no place for an error
    if (place) place.textContent = error ?? "";
  }

  #countLetters() {
    const message = this.fields.find((field) => field.name === "message");
    const most = Number(message.dataset.max);
    const letters = characters(message.value);
    this.range.textContent = translations.lettersUsed(letters, most);
    this.range.classList.toggle("over", letters > most);
  }
}
