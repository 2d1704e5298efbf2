// Calls to the homepage. Each has a deadline. A refusal carries the text of the server.

const base = globalThis.document?.querySelector("meta[name=base-path]")?.content ?? "/";

/** The address of one of the server's paths: a gateway may serve the page below a path of its own. */
export const address = (path) => `${base}${path}`;

/** The server answered with an error. */
export class Refused extends Error {
  constructor(response, problem) {
    super(problem.detail ?? problem.title ?? `the server answered ${response.status}`);
    this.status = response.status;
    this.errors = problem.errors ?? [];
    this.retryAfter = Number(response.headers.get("retry-after")) || undefined;
  }
}

/** Sends one request to an address; resolves to the response and its JSON, rejects with `Refused` or what fetch rejects with. */
export async function call(path, { method = "GET", body, deadline = 4000, signal } = {}) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const limits = [AbortSignal.timeout(deadline), ...(signal ? [signal] : [])];
  const response = await fetch(path, {
    method,
    headers,
    body: body && JSON.stringify(body),
    cache: "no-store",
    signal: AbortSignal.any(limits),
  });
  if (!response.ok) throw new Refused(response, (await readProblem(response)) ?? {});
  return { response, json: await readJson(response) };
}

/** The status alone is enough: a proxy may answer with any body, or with a part of one. */
async function readProblem(response) {
  try {
    return await readJson(response);
  } catch {
    return undefined;
  }
}

async function readJson(response) {
  const text = await response.text();
  if (!(response.headers.get("content-type") ?? "").includes("json")) return undefined;
  return text ? JSON.parse(text) : undefined;
}
