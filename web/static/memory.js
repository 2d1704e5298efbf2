// What the tab remembers over a reload, or the browser in `localStorage`, which all its tabs share.

import { address } from "./feed/calls.js";

/** A gateway may serve several homepages under one origin, each below a path of its own. */
export const keyOf = (name) => `barrage.${name} ${address("")}`;

/** Without a value, the key is forgotten. */
export function remember(key, value, storage = "sessionStorage") {
  try {
    if (value === undefined) globalThis[storage].removeItem(key);
    else globalThis[storage].setItem(key, JSON.stringify(value));
  } catch {
    // a browser may forbid it: then the next visit begins with nothing
  }
}

/** The value, or undefined. */
export function recall(key, storage = "sessionStorage") {
  try {
    return JSON.parse(globalThis[storage].getItem(key)) ?? undefined;
  } catch {
    return undefined;
  }
}
