// What is wrong with how a page is laid out, and on which screens to look.

/** Width and height of the screens that a stage is shown on, in px. */
export const STAGES = [
  [1024, 768],
  [1280, 720],
  [1920, 1080],
  [3840, 2160],
];

/**
 * Runs in the page: texts that are smaller than 1/40 of the height, leave their box, lie over each other, or are cut.
 * Bullets are left out: they are meant to leave the screen.
 */
export function faultsOfLayout(least) {
  const boxes = ".node, .processors, .sentence, .tour, .time, .invite, .stage-quiet, .big-qr, .counters, .brand";
  const found = [];
  const texts = [];
  /** A line is higher than its letters. */
  const withoutAir = ({ x, y, width, height }) => new DOMRect(x, y + 0.15 * height, width, 0.7 * height);
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest("#sky, .unseen, .list, .banners, .tools, dialog, noscript, template")) continue;
    if (!parent.checkVisibility() || getComputedStyle(parent).clipPath !== "none") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter(({ width }) => width >= 2).map(withoutAir);
    const name = node.data.trim();
    if (parseFloat(getComputedStyle(parent).fontSize) < least - 0.1) found.push(`small: ${name}`);
    const box = parent.closest(boxes)?.getBoundingClientRect() ?? { left: 0, right: innerWidth, top: 0, bottom: innerHeight };
    const leaves = (rect, it) => rect.left < it.left - 1 || rect.right > it.right + 1 || rect.top < it.top - 3 || rect.bottom > it.bottom + 3;
    const screen = { left: 0, right: innerWidth, top: 0, bottom: innerHeight };
    if (rects.some((rect) => leaves(rect, box) || leaves(rect, screen))) found.push(`leaves its box: ${name}`);
    const cut = parent.closest("em, .word, .rate");
    if (cut && cut.scrollWidth > cut.clientWidth + 1) found.push(`cut: ${name}`);
    texts.push(...rects.map((rect) => ({ name, rect })));
  }
  texts.forEach((one, i) => {
    for (const other of texts.slice(i + 1)) {
      const width = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left);
      const height = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top);
      const lower = Math.min(one.rect.height, other.rect.height);
      if (one.name !== other.name && width > 1 && height > 0.45 * lower) found.push(`over each other: ${one.name} / ${other.name}`);
    }
  });
  return found;
}
