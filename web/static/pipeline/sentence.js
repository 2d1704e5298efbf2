// One sentence that says what happens, why, and how long it takes: the most serious first. Pure, without a clock.

import { roundedTime } from "../text.js";
import { BACKLOG, countOf, growth, hasNoArrivals, isBehind, isOffByHand, isQuiet, isZero, worstOf } from "./state.js";

const MOST_LEFT_S = 600;

/** Two digits from 20 on: 263 is 260. Below, whole numbers, and below one a tenth. */
export function rounded(number) {
  if (number >= 20) {
    const power = 10 ** (Math.floor(Math.log10(number)) - 1);
    return Math.round(number / power) * power;
  }
  return number >= 1 || number === 0 ? Math.round(number) : Math.max(0.1, Math.round(number * 10) / 10);
}

/**
 * The sentence for a state, of which `crowd` is what the wall does with too many texts: its `key` says which one it is,
 * `tone` is a colour, `reason` is pale and `result` strong.
 * A failure `leads` with its result, and `subject` is the part that it is of. `texts` are those of the page's language.
 */
export function sentence(state, texts) {
  const [key, tone, parts] = chosen(state, texts);
  const subject = key === "down" ? worstOf(state).part : undefined;
  return { key, tone, reason: parts[0], result: parts[1], leads: key === "down", subject };
}

function chosen(state, texts) {
  const worst = worstOf(state);
  if (worst) return ["down", "bad", texts.down(worst.part, Math.max(1, Math.round(worst.for_ms / 1000)), worst.frozen)];
  if (isZero(state)) return ["zero", "t3", zero(state, texts)];
  if (state.ready === 0 && (state.waiting > 0 || countOf(state, "draining") === 0)) return unready(state, texts);
  if (isBehind(state)) return growth(state) < 0 ? catchingUp(state, texts) : behind(state, texts);
  if (state.waiting > BACKLOG && growth(state) < 0) return catchingUp(state, texts);
  return working(state, texts);
}

function zero(state, texts) {
  if (isOffByHand(state)) return texts.zeroByHand;
  return state.wanted === null ? texts.rest : texts.zero;
}

/** Nothing is ready, and messages may wait. On a cluster nobody tells the page that a processor starts. */
function unready(state, texts) {
  const { waiting } = state;
  const starting = state.processors.filter((it) => it.state === "starting");
  const [frozen, died] = [countOf(state, "frozen"), countOf(state, "died")];
  if (isOffByHand(state)) return ["off", "warn", texts.off(waiting)];
  if (starting.length > 0 && waiting === 0) return ["starting", "accent", texts.startingIdle(0, starting.length)];
  if (starting.length > 0) {
    const longest = Math.max(...starting.map((it) => it.for_ms ?? 0));
    return ["cold", "accent", texts.cold(waiting, (longest / 1000).toFixed(1))];
  }
  if (died > 0) return ["died", "warn", texts.died(waiting, died)];
  if (frozen > 0) return ["frozen", "warn", texts.frozen(waiting, frozen)];
  return ["waking", "accent", texts.waking(waiting)];
}

function behind(state, texts) {
  const numbers = [rounded(state.in), state.ready, rounded(state.out)];
  const starting = countOf(state, "starting");
  const grows = rounded(Math.max(0, growth(state)));
  const isLimit = state.max !== null && state.ready >= state.max;
  if (state.wanted > state.ready && !isLimit) return ["behind", "warn", texts.behind.more(numbers, state.wanted, starting)];
  if (grows === 0) return ["steady", "warn", texts.behind.steady(numbers, rounded(state.waiting))];
  const text = isLimit ? texts.behind.limit : texts.behind.grows;
  return ["behind", "warn", text(numbers, grows)];
}

function catchingUp(state, texts) {
  const left = state.waiting / -growth(state);
  const numbers = [state.ready, rounded(state.out), rounded(state.in)];
  return ["catching", "warn", texts.catching(numbers, left > MOST_LEFT_S ? undefined : roundedTime(left))];
}

function working(state, texts) {
  const starting = countOf(state, "starting");
  const draining = countOf(state, "draining");
  const arrive = rounded(state.in);
  if (starting > 0) {
    const text = hasNoArrivals(state)
      ? texts.startingIdle(state.ready, starting)
      : texts.starting([state.ready, rounded(state.out), arrive], starting);
    return ["starting", "accent", text];
  }
  if (draining > 0) return ["scalingIn", "good", [whyFewer(state, texts.fewer), texts.leave(draining)]];
  if (state.crowd) return ["dense", "accent", dense(state.crowd, texts)];
  if (isQuiet(state)) {
    const goes = state.mode === "automatic" && state.min === 0;
    const left = Number.isFinite(state.zero_in_ms) ? roundedTime(state.zero_in_ms / 1000) : undefined;
    return ["idle", "t3", texts.idle(state.ready, goes, left)];
  }
  if (hasNoArrivals(state)) return ["last", "accent", texts.last(state.waiting)];
  return ["pace", "accent", texts.pace(state.ready, arrive)];
}

/** The numbers add up as they are written. */
function dense({ fly, folded, oldest }, texts) {
  const [flying, under] = [rounded(fly), rounded(folded)];
  return texts.dense(flying + under, flying, under, (oldest / 1000).toFixed(1));
}

/** Why processors go. Those that drain are no longer counted as ready. */
function whyFewer(state, texts) {
  const wanted = state.wanted ?? state.ready;
  if (state.mode === "by_hand") return texts.byHand(wanted);
  if (isQuiet(state)) return texts.quiet;
  if (hasNoArrivals(state)) return texts.last;
  return wanted > 0 ? texts.need(rounded(state.in), wanted) : texts.other;
}

/** Sentences with another identity say something new: those with the same one differ in their numbers. */
export const identityOf = ({ key, subject = "" }) => `${key} ${subject}`.trim();

const LONGEST_MS = 2000;

/** Lets a sentence stand for two seconds. A failure does not wait. All times are of one clock, in ms. */
export class Pace {
  #shown;
  #at = -Infinity;

  /** The sentence to show now, of the one that would be right. */
  next(wanted, now) {
    const isUrgent = ["down", "offline"].includes(wanted.key) && (!this.#shown || identityOf(this.#shown) !== identityOf(wanted));
    if (isUrgent || now - this.#at >= LONGEST_MS) {
      if (textOf(wanted) !== textOf(this.#shown)) this.#at = now;
      this.#shown = wanted;
    }
    return this.#shown;
  }
}

const textOf = (it) => it && `${it.key} ${it.reason} ${it.result}`;
