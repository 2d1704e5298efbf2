// The banners at the top of the wall, one for each problem, made from the page's own template.

/** Shows and hides banners by key in `root`; `say(text)` reads out the title of a banner that is no alert. */
export class Banners {
  #shown = new Map();
  #texts = new Map();
  #said = () => false;

  constructor(root, template, say) {
    this.root = root;
    this.template = template;
    this.say = say;
  }

  /** The title of an alert is read out each time it changes; `extra` stands beside it and is not. */
  show(key, { tone, isAlert = false, title, extra = "", detail, action, onAction }) {
    if (!this.#shown.has(key) && !isAlert) this.say(`${title} ${detail}`);
    const banner = this.#shown.get(key) ?? this.#make(key, tone, isAlert);
    this.#texts.set(key, { key, tone, title, detail });
    write(banner.querySelector(".banner-title"), title);
    write(banner.querySelector(".banner-extra"), extra);
    write(banner.querySelector(".banner-detail"), detail);
    const button = banner.querySelector("button");
    button.hidden = !action;
    write(button, action ?? "");
    button.onclick = onAction;
  }

  hide(key) {
    const banner = this.#shown.get(key);
    if (banner?.contains(document.activeElement)) document.querySelector("[data-tool]").focus();
    banner?.remove();
    this.#shown.delete(key);
    this.#texts.delete(key);
  }

  /** What the banners say, the worst first. */
  get notices() {
    const rank = ({ tone }) => (tone === "bad" ? 0 : 1);
    return [...this.#texts.values()].sort((a, b) => rank(a) - rank(b));
  }

  /** Those whose key `isSaid(key)` are not seen, because something else on the page says it. */
  leaveOut(isSaid) {
    this.#said = isSaid;
    for (const [key, banner] of this.#shown) banner.classList.toggle("is-said", isSaid(key));
  }

  /** Hides the banners whose key starts with `prefix` and is not among `keys`. */
  keepOnly(prefix, keys) {
    for (const key of [...this.#shown.keys()]) {
      if (key.startsWith(prefix) && !keys.includes(key)) this.hide(key);
    }
  }

  #make(key, tone, isAlert) {
    const banner = this.template.content.firstElementChild.cloneNode(true);
    banner.classList.add(tone);
    if (this.#said(key)) banner.classList.add("is-said");
    if (tone === "bad") this.root.prepend(banner);
    else this.root.append(banner);
    if (isAlert) banner.querySelector(".banner-title").setAttribute("role", "alert");
    this.#shown.set(key, banner);
    return banner;
  }
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
