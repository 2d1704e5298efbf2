// What the tab remembers over a reload. A browser may forbid the page to store anything: then it remembers nothing.

/** Without a value, the key is forgotten. */
export function remember(key, value) {
  try {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // then a reload begins with nothing
  }
}

/** The value, or undefined. */
export function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? undefined;
  } catch {
    return undefined;
  }
}
