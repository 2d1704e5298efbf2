// The hand on the dials: calls that change the demo, for whoever the homepage allows to.

import { address, call } from "../feed/calls.js";
import { recall, remember } from "../memory.js";

const STORAGE_KEY = "barrage.controls";
const FRAGMENT = /^#controls=(.+)$/;

/** The token of the link that the launcher prints. It goes into the tab's memory and out of the address. */
function token() {
  const found = FRAGMENT.exec(location.hash)?.[1];
  if (found) {
    remember(STORAGE_KEY, decodeURIComponent(found));
    history.replaceState(null, "", location.pathname + location.search);
  }
  return recall(STORAGE_KEY);
}

/** Resolves to the controls if they are allowed here, else to undefined. The page says where it is worth asking. */
export async function controls() {
  const secret = token();
  if (!secret && document.body.dataset.controls === undefined) return undefined;
  const demo = new Demo(secret);
  try {
    const scaling = await demo.look();
    return Object.assign(demo, { scaling });
  } catch {
    return undefined;
  }
}

/** What a control says after `error`, with the texts of the page's language. */
export function failure(error, { refused, failed }) {
  const reason = refused[error.status ?? "none"] ?? error.message.trim().replace(/[.。]+$/, "");
  return failed(reason);
}

class Demo {
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

  /** A number, or "automatic". */
  processors(wanted) {
    return this.#ask("PUT", "demo/processors", { processors: wanted });
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

  /** A processor that runs, by the name of its process. */
  victim(state) {
    return state?.processors.findLast(({ state: it }) => ["ready", "back"].includes(it))?.name;
  }

  #ask(method, path, body, isRight) {
    const headers = this.secret ? { authorization: `Bearer ${this.secret}` } : {};
    return call(address(path), { method, body, headers, isRight });
  }
}
