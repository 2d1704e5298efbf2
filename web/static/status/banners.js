// The banners at the top of the wall: one for each thing that is wrong, made from the page's own template.

/** Shows and hides banners by key in `root`. */
export class Banners {
  #shown = new Map();

  constructor(root, template) {
    this.root = root;
    this.template = template;
  }

  /** `role` is "alert" or "status"; `extra` stands beside the title but is not read out each time it changes. */
  show(key, { tone, role = "status", title, extra = "", detail, action, onAction }) {
    const banner = this.#shown.get(key) ?? this.#make(key, tone, role);
    write(banner.querySelector(".banner-title"), title);
    write(banner.querySelector(".banner-extra"), extra);
    write(banner.querySelector(".banner-detail"), detail);
    const button = banner.querySelector("button");
    button.hidden = !action;
    write(button, action ?? "");
    button.onclick = onAction;
  }

  hide(key) {
    this.#shown.get(key)?.remove();
    this.#shown.delete(key);
  }

  /** Hides those whose key starts with `prefix` and is not among `keys`. */
  keepOnly(prefix, keys) {
    for (const key of [...this.#shown.keys()]) {
      if (key.startsWith(prefix) && !keys.includes(key)) this.hide(key);
    }
  }

  #make(key, tone, role) {
    const banner = this.template.content.firstElementChild.cloneNode(true);
    banner.classList.add(tone);
    this.root.append(banner);
    banner.querySelector(".banner-title").setAttribute("role", role);
    this.#shown.set(key, banner);
    return banner;
  }
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
