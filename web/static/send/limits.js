// The check of what was typed. It is equal to the server's: what is valid here is valid there.

import { translations } from "../translations.js";

const NUMBERS = ["concurrency", "duration", "rate"];

/** What shows something by itself. The last four are blank: a Braille pattern, a note, and two hieroglyphs. */
const VISIBLE =
  /[^\p{White_Space}\p{Z}\p{Cc}\p{Cf}\p{M}\p{Default_Ignorable_Code_Point}\u{2800}\u{1D159}\u{13441}\u{13442}]/u;

/** Takes texts and the maximum of each, by field name; returns the values to send and the errors by field name. */
export function check(typed, most) {
  const values = { message: typed.message };
  const errors = {};
  const error = messageError(typed.message, most.message);
  if (error) errors.message = error;
  for (const name of NUMBERS) {
    values[name] = wholeNumber(typed[name], most[name]);
    if (values[name] === undefined) errors[name] = translations.fieldErrors.number(most[name]);
  }
  return { values, errors, isValid: Object.keys(errors).length === 0 };
}

/** Why the server would refuse this message, or undefined. */
export function messageError(text, most) {
  const length = characters(text);
  if (length < 1 || length > most) return translations.fieldErrors.message(most, length);
  return isVisible(text) ? undefined : translations.fieldErrors.invisible;
}

/** Whether a person sees anything of it. */
export const isVisible = (text) => VISIBLE.test(text);

/**
 * How many characters the server will count: Unicode scalar values, not the UTF-16 halves of `length`,
 * of the text without control characters, then composed, then trimmed.
 */
export function characters(text) {
  const plain = text.replace(/\p{White_Space}/gu, " ").replace(/\p{Cc}/gu, "");
  return Array.from(plain.normalize("NFC").replace(/^ +| +$/g, "")).length;
}

function wholeNumber(text, most) {
  const digits = text.trim();
  const number = /^\d{1,9}$/.test(digits) ? Number(digits) : 0;
  return number >= 1 && number <= most ? number : undefined;
}
