// The hand on the dials: calls that change the demo, for whoever the homepage allows to.

import { address, call } from "../feed/calls.js";
import { recall, remember } from "../memory.js";

const STORAGE_KEY = "barrage.controls";
const FRAGMENT = /^#controls=(.+)$/;
const FIRST_STEP = { step: "zero", number: 1, of: 8 };

/** After a look at the start that has failed for a moment. */
const AGAIN_MS = 2000;

/** The token of the link that the launcher prints, undefined if `hash` brings none that can be read. */
export function tokenOf(hash) {
  try {
    return decodeURIComponent(FRAGMENT.exec(hash)?.[1] ?? "") || undefined;
  } catch {
    return undefined; // a part of a link
  }
}

/** The token goes out of the address first, and into the tab's memory. */
function takeToken() {
  const { hash, pathname, search } = location;
  if (!FRAGMENT.test(hash)) return undefined;
  history.replaceState(null, "", pathname + search);
  const secret = tokenOf(hash);
  if (secret) remember(STORAGE_KEY, secret);
  return secret;
}

/**
 * Calls `onAllowed` with the controls if they are allowed here, and again for a link that somebody pastes into the open
 * page. The page says where it is worth asking without a link.
 */
export function controls(onAllowed) {
  const look = async (secret) => {
    const demo = await allowed(new Demo(secret));
    if (demo) onAllowed(demo);
  };
  const secret = takeToken() ?? recall(STORAGE_KEY);
  if (secret || document.body.dataset.controls !== undefined) look(secret);
  addEventListener("hashchange", () => {
    const pasted = takeToken();
    if (pasted) look(pasted);
  });
}

/** A server that does not answer, or that has just started, is asked once more. */
export const isWorthAgain = ({ status }) => status === undefined || status >= 500;

async function allowed(demo) {
  const look = async () => Object.assign(demo, { scaling: await demo.look() });
  try {
    return await look();
  } catch (error) {
    if (!isWorthAgain(error)) return undefined;
  }
  await new Promise((done) => setTimeout(done, AGAIN_MS));
  return look().catch(() => undefined);
}

/** What a control says after `error`, with the texts of the page's language. */
export function failure(error, { refused, failed }) {
  const reason = refused[error.status ?? "none"] ?? error.message.trim().replace(/[.。]+$/, "");
  return failed(reason);
}

/** The same of the tour, which not every launcher can play. */
export const tourFailure = (error, said) => failure(error, { ...said, refused: { ...said.refused, 409: said.noTour } });

/** Whether a person may choose so many. Where nobody tells limits, there are none. */
export const isAllowed = (number, { min, max }) => number >= (min ?? 0) && number <= (max ?? Infinity);

/** What a control says when it has asked for a number, or for "automatic". `fixed` is the number that a launcher keeps. */
export function scaled(wanted, fixed, said) {
  if (wanted !== "automatic") return said.byHand(wanted);
  return fixed === undefined ? said.automatic : said.asStarted(fixed);
}

class Demo {
  #before = Promise.resolve(); // a start or stop of the tour, which what is asked for next waits for
  #starting; // the start that is under way

  constructor(secret) {
    this.secret = secret;
  }

  /** Whether a link brought the permission. */
  get isByLink() {
    return this.secret !== undefined;
  }

  /** What the launcher says of scaling; null without a launcher. */
  async look() {
    const { json } = await this.#ask("GET", "demo", undefined, (it) => typeof it === "object" && it !== null);
    return json.scaling ?? null;
  }

  /** Asks for a number, or for "automatic", and lets the pipeline expect it. */
  async scale(wanted, pipeline) {
    const isNumber = wanted !== "automatic";
    const own = pipeline.fixed === undefined ? { mode: "automatic" } : { mode: "fixed", wanted: pipeline.fixed };
    pipeline.expect({ tour: null, ...(isNumber ? { wanted, mode: "by_hand" } : own) });
    try {
      await this.#ask("PUT", "demo/processors", { processors: wanted });
    } catch (error) {
      pipeline.expect(undefined);
      throw error;
    }
  }

  cost(ms) {
    return this.#ask("PUT", "demo/work-ms", { ms });
  }

  load(name) {
    return this.#ask("POST", `demo/load/${name}`, {});
  }

  /** `how` is "kill" or "freeze". */
  break(part, how) {
    return this.#ask("POST", `demo/parts/${encodeURIComponent(part)}/${how}`, {});
  }

  /** Starts the tour from its first step, or stops it; the pipeline shows that at once. What is asked for next waits. */
  async tour(isPlaying, pipeline) {
    if (!isPlaying) pipeline.expect({ tour: null });
    const asked = this.#ask("PUT", "demo/tour", { playing: isPlaying });
    const over = asked.catch(() => {}); // this call tells of the failure, not the next one
    this.#before = over;
    this.#starting = isPlaying ? over : undefined;
    try {
      await asked;
      if (this.#starting === over) pipeline.expect({ tour: FIRST_STEP }); // nobody has stopped it meanwhile
    } catch (error) {
      pipeline.expect(undefined);
      throw error;
    } finally {
      if (this.#starting === over) this.#starting = undefined;
    }
  }

  /** A hand stops the tour if it plays or is about to; undefined if neither. */
  stopTour(pipeline) {
    const isPlaying = this.#starting !== undefined || Boolean(pipeline.state?.tour);
    return isPlaying ? this.tour(false, pipeline) : undefined;
  }

  /** A processor that runs, by the name of its process. */
  victim(state) {
    return state?.processors.findLast(({ state: it }) => ["ready", "back"].includes(it))?.name;
  }

  async #ask(method, path, body, isRight) {
    await this.#before;
    const headers = this.secret ? { authorization: `Bearer ${this.secret}` } : {};
    return call(address(path), { method, body, headers, isRight });
  }
}
