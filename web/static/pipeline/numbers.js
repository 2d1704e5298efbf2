// How the pipeline writes numbers and times.

import { grouped } from "../text.js";

/** A rate: whole numbers from ten on, one decimal below. */
export const rate = (value) => (value >= 9.95 ? grouped(Math.round(value)) : String(Math.round(value * 10) / 10));

/** Milliseconds as seconds: one decimal below ten. */
export function seconds(ms) {
  const value = ms / 1000;
  return String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
}
