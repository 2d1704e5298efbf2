// Small functions for nodes: the pipeline changes only what differs, because it is drawn twice a second.

const SVG = "http://www.w3.org/2000/svg";

/** A node with a class and children; strings become text. */
export function make(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** A node of an SVG picture. */
export function draw(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Hides from screen readers what a text says better. */
export function mute(node) {
  node.setAttribute("aria-hidden", "true");
  return node;
}
