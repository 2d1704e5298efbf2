// The size and the speed of bullets: pure arithmetic on the size of the wall.

const PHONE = { below: 700, size: 18, speed: 0.09, gap: 36, track: 40 };
const DESK = { below: Infinity, size: 21, speed: 0.15, gap: 60, track: 44 };
/**
 * In units of 1/108 of the screen's height. Its tracks keep their places while the sentence below takes a second line,
 * so that bullets under way and new ones never overlap: six of them fit in both cases.
 */
const STAGE = { size: 4.1, speed: 0.02, gap: 8, track: 5.25 };

/** On a wider wall bullets are larger, because people see such a screen from farther away. */
const GROWS_FROM = 1920;

/**
 * Sizes in px and speed in px per ms; `unit` is the stage's, in px. All bullets of a wall have the same speed, so they
 * never catch up. The gap is at least the way of 0.4 s, because a bullet's first frame may be late.
 */
export function layout(width, height, unit) {
  if (unit) {
    const [size, speed, gap, track] = [STAGE.size, STAGE.speed, STAGE.gap, STAGE.track].map((value) => value * unit);
    return { size, speed, gap, trackHeight: Math.min(track, height) };
  }
  const { size, speed, gap, track } = [PHONE, DESK].find(({ below }) => width < below);
  const scale = Math.max(1, width / GROWS_FROM);
  const tracks = Math.max(1, Math.floor(height / (track * scale)));
  return { size: size * scale, speed: speed * scale, gap: gap * scale, trackHeight: height / tracks };
}
