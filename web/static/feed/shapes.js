// What the page needs of an answer. Others may stand between the page and the homepage, so nothing is taken on trust.

const isObject = (value) => typeof value === "object" && value !== null;
const isNumber = (value) => Number.isFinite(value);
const isText = (value) => typeof value === "string";
/** A homepage of another version may not have it. */
const isRightOrUnset = (value, isRight) => value === undefined || isRight(value);
const has = (object, names, isRight) => names.every((name) => isRight(object[name]));

/** A reply of the feed. */
export const isReply = (json) =>
  isObject(json) &&
  isText(json.cursor) &&
  has(json, ["now", "passed"], isNumber) &&
  json.poll_after_ms > 0 &&
  isListOf(json.bullets, isBullet) &&
  isObject(json.totals) &&
  has(json.totals, ["accepted", "stored", "waiting"], isNumber) &&
  isListOf(json.processors, isText) &&
  isRightOrUnset(json.slots, isObject) &&
  isRightOrUnset(json.events, (events) => isListOf(events, isObject)) &&
  isListOf(json.problems, (problem) => isObject(problem) && isText(problem.part));

/** A burst as it is now. */
export const isBurst = (json) =>
  isObject(json) && has(json, ["id", "state"], isText) && has(json, ["accepted", "stored"], isNumber);

const isBullet = (json) =>
  isObject(json) &&
  has(json, ["id", "message", "processor"], isText) &&
  has(json, ["partition", "offset", "sent_at", "stored_at"], isNumber);

const isListOf = (value, isRight) => Array.isArray(value) && value.every(isRight);
