// When to ask again: pure arithmetic, no clock and no network.

const PATIENCE = 5;
const SLOWEST_MS = 5000;
/** Ten answers a second are as many as eyes follow, and a page that draws 1,000 bullets a second has time between them. */
const PACE_MS = 100;
const RETRIES_MS = [1000, 2000, 4000, 8000, 15000];

/** A page that waits for news asks at the server's pace, and not faster than it can show. */
export const askDelay = (serverMs) => Math.max(PACE_MS, serverMs);

/** The server's pace while anything happens; after a few empty replies twice as slow each time. */
export function pollDelay(serverMs, emptyReplies) {
  const doublings = Math.max(0, emptyReplies - PATIENCE + 1);
  return Math.max(serverMs, Math.min(SLOWEST_MS, serverMs * 2 ** doublings));
}

/** After `failures` in a row; the jitter keeps an audience from coming back in one instant. */
export function retryDelay(failures, random = Math.random()) {
  const delay = RETRIES_MS[Math.min(failures, RETRIES_MS.length) - 1];
  return Math.round(delay * (0.8 + 0.4 * random));
}
