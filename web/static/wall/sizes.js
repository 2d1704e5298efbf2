// The size, the speed and the tracks of bullets at each level of density: pure arithmetic on the size of the wall.

/** All levels, by their numbers. From `BUSY` on, equal texts of several processors are one bullet. */
export const [CALM, BUSY, DENSE] = [1, 2, 3];

/** A level in px and px per second; its tracks are at least as high as its bullets. */
const level = (size, speed, gap, track, most = Infinity) => ({ size, speed, gap, track, most });

/** The small wall of a guest's page. */
const LOW = { below: 200, levels: [level(16, 90, 30, 33), level(15, 126, 20, 26.4), level(14, 162, 14, 22)] };
const PHONE = { below: 700, levels: [level(18, 90, 36, 40), level(16, 126, 24, 30), level(14, 162, 16, 24)] };
const DESK = [level(21, 150, 60, 44), level(17.5, 210, 36, 30), level(15, 270, 22, 24)];
/**
 * In units of 1/108 of the screen's height. A wall that has not the height for `most` tracks has as many as fit, and
 * they keep their places while the sentence below takes a second line.
 */
const STAGE = [level(4.1, 20, 8, 5.25, 14), level(3.4, 28, 5, 4.2, 17), level(2.9, 36, 2.9, 3.5, 20)];

/** On a wider wall bullets are larger, because people see such a screen from farther away. */
const GROWS_FROM = 1920;

/**
 * The levels of a wall, calm first: sizes in px, speed in px per ms, `track` the height of one of its `tracks`. `unit`
 * is the stage's, in px.
 */
export function layouts(width, height, unit) {
  const [levels, scale] = unit ? [STAGE, unit] : levelsOf(width, height);
  return levels.map(({ size, speed, gap, track, most }) => {
    const fit = Math.max(1, Math.floor(height / (track * scale)));
    const tracks = Math.min(most, fit);
    const isFixed = Boolean(unit) && fit < most;
    return {
      size: size * scale,
      speed: (speed * scale) / 1000,
      gap: gap * scale,
      tracks,
      track: isFixed ? Math.min(track * scale, height) : height / tracks,
    };
  });
}

function levelsOf(width, height) {
  if (height < LOW.below) return [LOW.levels, 1];
  if (width < PHONE.below) return [PHONE.levels, 1];
  return [DESK, Math.max(1, width / GROWS_FROM)];
}

/** So wide a letter is, in sizes of its font: those of Chinese and emoji are twice as wide as Latin ones. */
const WIDE = /[\u1100-\u11ff\u2e80-\uffdc]|[\u{1f000}-\u{3ffff}]/u;
const LATIN = 0.55;
/** The shape and the space after it. */
const SHAPE = 1;

/** About how wide a bullet is, in sizes of its font. It is exact enough to plan with. */
export function widthOf(text) {
  let width = SHAPE;
  for (const letter of text) width += WIDE.test(letter) ? 1 : LATIN;
  return width;
}
