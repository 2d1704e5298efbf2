// Style sheets that a page loads when it needs them.

const loaded = new Map();

/** Loads the style sheet `name`, once. What comes before its style would jump when that comes. */
export function style(name) {
  if (!loaded.has(name)) loaded.set(name, load(name));
  return loaded.get(name);
}

function load(name) {
  return new Promise((done) => {
    const href = new URL(`../${name}`, import.meta.url).href;
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: done, onerror: done });
    document.head.append(link);
  });
}
