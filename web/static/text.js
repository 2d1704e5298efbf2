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

/** The time of day, in the viewer's time zone, of a time in ms since the epoch. */
export const clock = (moment) => new Date(moment).toLocaleTimeString("en-GB");

const graphemes = new Intl.Segmenter();

/** The first `most` graphemes, so that no emoji is cut in half. */
export function cut(text, most) {
  if (text.length <= most) return text;
  const letters = Array.from(graphemes.segment(text), (part) => part.segment);
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join("")}…`;
}
