// When to poll again: pure arithmetic, no clock and no network.

/** Ten replies a second are as many as eyes follow. */
const PACE_MS = 100;
const PATIENCE = 5;
const SLOWEST_MS = 5000;
const RETRIES_MS = [1000, 2000, 4000, 8000, 15000];

/** The server's pace while anything happens; after a few empty replies twice as slow each time. */
export function pollDelay(serverMs, emptyReplies) {
  const doublings = Math.max(0, emptyReplies - PATIENCE + 1);
  return Math.max(serverMs, Math.min(SLOWEST_MS, serverMs * 2 ** doublings));
}

/** For a page that waits for news. The jitter keeps the viewers of a homepage that stops from going on in one instant. */
export function waitDelay(serverMs, random = Math.random()) {
  return Math.max(PACE_MS, Math.round(serverMs * (1 + random)));
}

/** After `failures` in a row; the jitter keeps an audience from coming back in one instant. */
export function retryDelay(failures, random = Math.random()) {
  const delay = RETRIES_MS[Math.min(failures, RETRIES_MS.length) - 1];
  return Math.round(delay * (0.8 + 0.4 * random));
}
