// Keeps the page in the part of the screen that the keyboard leaves free. Chromium and Firefox make the page smaller by
// themselves, as its viewport asks for; Safari only moves it.

/** Whether a field that gets the focus calls a keyboard up, over a part of the page. */
export const isTouched = () => matchMedia("(pointer: coarse)").matches;

/** Writes the height that is left, and how far it is shifted, as variables of `node`. */
export function followKeyboard(node) {
  const viewport = globalThis.visualViewport;
  if (!viewport) return;
  const follow = () => {
    if (viewport.scale > 1.01) return; // somebody looks closer
    node.style.setProperty("--left", `${viewport.height}px`);
    node.style.setProperty("--shift", `${viewport.offsetTop}px`);
  };
  viewport.addEventListener("resize", follow);
  viewport.addEventListener("scroll", follow);
  follow();
}
