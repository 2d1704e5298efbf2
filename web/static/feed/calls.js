// Calls to the homepage. Each has a deadline, and each answer is checked before anything uses it.

const base = globalThis.document?.querySelector("meta[name=base-path]")?.content ?? "/";

/** The address of one of the server's paths: a gateway may serve the page below a path of its own. */
export const address = (path) => `${base}${path}`;

/** The server answered with an error. `isOurs`: with a problem as the homepage writes them, not as a proxy does. */
export class Refused extends Error {
  constructor(response, problem) {
    super(problem?.detail || problem?.title || `the server answered ${response.status}`);
    this.status = response.status;
    this.isOurs = typeof problem?.title === "string";
    this.mayHaveBeenSent = problem?.may_have_been_sent === true;
    this.errors = Array.isArray(problem?.errors) ? problem.errors : [];
    this.limit = problem?.limit; // of a 429: which one
    this.running = problem?.running;
    this.retryAfter = Number(response.headers.get("retry-after")) || undefined;
  }
}

/** Something in between answered with a page of its own, such as the login page of a venue's network. */
export class Intercepted extends Error {}

/** The answer is not of the shape that the homepage gives. */
export class Malformed extends Error {}

/** Network Authentication Required: https://www.rfc-editor.org/rfc/rfc6585#section-6 */
const LOGIN_REQUIRED = 511;
const NO_CONTENT = 204;

/**
 * Sends one request; resolves to the response and its JSON, for which `isRight(json)` holds. Rejects with one of the
 * errors above, or with what fetch rejects with. `controller` ends the call early.
 */
export async function call(path, options = {}) {
  const { method = "GET", body, deadline = 4000, controller = new AbortController(), isRight } = options;
  const headers = { accept: "application/json", ...options.headers };
  if (body !== undefined) headers["content-type"] = "application/json";
  const timer = setTimeout(() => controller.abort(), deadline);
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      redirect: "manual", // the homepage redirects no call, and a browser hides where others redirect to
      signal: controller.signal,
    });
    return { response, json: await read(response, isRight) };
  } finally {
    clearTimeout(timer);
  }
}

async function read(response, isRight) {
  if (response.type === "opaqueredirect" || response.status === LOGIN_REQUIRED) {
    throw new Intercepted("a redirect instead of an answer");
  }
  if (!response.ok) throw new Refused(response, await readProblem(response));
  if (response.status === NO_CONTENT) return undefined;
  if (typeOf(response).startsWith("text/")) throw new Intercepted("a page instead of an answer");
  if (!isJson(response)) throw new Malformed("an answer of another type");
  const json = await response.json();
  if (isRight && !isRight(json)) throw new Malformed("an answer of another shape");
  return json;
}

/** The status alone is enough: a proxy may answer with any body, or with a part of one. */
async function readProblem(response) {
  try {
    return isJson(response) ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

const typeOf = (response) => response.headers.get("content-type") ?? "";

const isJson = (response) => typeOf(response).includes("json");
