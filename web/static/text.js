// Numbers, times and texts as people read them.

/** 12400 becomes "12 400", with the narrow no-break space. */
export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** "1 message", "2 messages". */
export const counted = (number, one, many) => `${grouped(number)} ${number === 1 ? one : many}`;

/** A processor's name without what all of them have in front: "message-processor-x7k2p" becomes "x7k2p". */
export function short(name) {
  const parts = name.split("-");
  const last = parts.at(-1);
  return last.length > 3 ? last : parts.slice(-2).join("-");
}

/** The time of day of a moment in ms since the epoch, where the viewer is. */
export const clock = (moment) => new Date(moment).toLocaleTimeString("en-GB");

const graphemes = new Intl.Segmenter();

/** The first `most` letters as a reader sees them, so that no emoji is torn apart. */
export function cut(text, most) {
  if (text.length <= most) return text;
  const letters = Array.from(graphemes.segment(text), (part) => part.segment);
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join("")}…`;
}
