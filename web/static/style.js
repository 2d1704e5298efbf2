// Style sheets that a page loads when it needs them.

const loaded = new Map();

/** Loads the style sheet `name`, once; again only if that has failed. What comes before its style would jump when that comes. */
export function style(name) {
  if (!loaded.has(name)) loaded.set(name, load(name));
  return loaded.get(name);
}

function load(name) {
  return new Promise((done) => {
    const href = new URL(name, import.meta.url).href;
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: done });
    link.onerror = () => {
      loaded.delete(name);
      link.remove();
      done(); // without its style a text can still be read
    };
    document.head.append(link);
  });
}
