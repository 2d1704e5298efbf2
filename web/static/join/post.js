// One request to send, and what its failure means: whether the server has surely not sent the message.

import { address, call, Intercepted, Refused } from "../feed/calls.js";
import { traceparent } from "./own.js";

/** The server gives Kafka 5 s, and a few more until it knows that Kafka answers. */
const DEADLINE_MS = 10_000;

/** Request Timeout and Too Early: whoever answers so has passed nothing on. */
const NOT_TAKEN = new Set([408, 425]);

const isAccepted = (json) => typeof json?.id === "string" && Number.isInteger(json.partition) && Number.isInteger(json.offset);

/** Sends a message; resolves to its id, its position and `cooldown_ms`. */
export async function post(entry) {
  const body = { message: entry.text, ...(entry.name && { name: entry.name }) };
  const headers = { traceparent: traceparent(entry) };
  const { json } = await call(address("messages"), { method: "POST", body, headers, deadline: DEADLINE_MS, isRight: isAccepted });
  return json;
}

/**
 * What follows from an error: `later` for the reason pause, busy, kafka or intercepted, when nothing was sent and another try
 * helps; `refused`, when it does not; else `unsure`: it may have been sent, and only a person may send it again.
 */
export function fateOf(error) {
  if (error instanceof Intercepted) return { fate: "later", reason: "intercepted" };
  if (!(error instanceof Refused)) return { fate: "unsure" };
  if (error.status === 429) return { fate: "later", reason: error.limit === "cooldown" ? "pause" : "busy" };
  if (error.status === 503 && error.isOurs && !error.mayHaveBeenSent) return { fate: "later", reason: "kafka" };
  if (NOT_TAKEN.has(error.status)) return { fate: "later", reason: "busy" };
  return error.status >= 500 ? { fate: "unsure" } : { fate: "refused" };
}
