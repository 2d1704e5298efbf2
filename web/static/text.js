// Numbers, times and texts as people read them.

/** 12400 becomes "12 400", with the narrow no-break space. */
export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** "1 message", "2 messages". */
export const counted = (number, one, many) => `${grouped(number)} ${number === 1 ? one : many}`;

/** A processor's name without the part that all have: "message-processor-x7k2p" becomes "x7k2p". */
export function short(name) {
  const parts = name.split("-");
  const last = parts.at(-1);
  return last.length > 3 ? last : parts.slice(-2).join("-");
}

/** Seconds as people estimate them: in steps of 5 from half a minute on, whole minutes from two on. */
export function roundedTime(seconds, round = Math.round) {
  const step = seconds < 30 ? 1 : seconds < 120 ? 5 : 60;
  return Math.max(1, round(seconds / step) * step);
}

/** The time of day, in the viewer's time zone, of a time in ms since the epoch. */
export const clock = (moment) => new Date(moment).toLocaleTimeString("en-GB");

/** Firefox has it since version 125. */
// eslint-disable-next-line compat/compat -- it is used only where it exists
const graphemes = Intl.Segmenter && new Intl.Segmenter();

/** The parts that a person sees as one letter; without a segmenter code points, of which some emoji have several. */
const lettersOf = (text) => (graphemes ? Array.from(graphemes.segment(text), ({ segment }) => segment) : [...text]);

/** The first `most` letters, so that no emoji is cut in half. */
export function cut(text, most) {
  if (text.length <= most) return text;
  const letters = lettersOf(text);
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join("")}…`;
}
