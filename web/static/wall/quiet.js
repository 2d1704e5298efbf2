// The panel that explains the empty wall. It goes when messages come or wait, and returns after a minute without any.

const QUIET_AFTER_MS = 60_000;

/** Shows and hides `panel`; its presets go to `onPreset(values)`. */
export class Quiet {
  #timer;

  constructor(panel, onPreset) {
    this.panel = panel;
    panel.addEventListener("click", (event) => {
      const preset = event.target.closest("[data-preset]");
      if (!preset) return;
      event.preventDefault(); // without JavaScript the same link loads the page with these values
      onPreset(new URL(preset.href).searchParams);
    });
  }

  /** A message came or waits, or a part is down: hides the panel until a minute has passed without any of it, and the wall is empty. */
  end() {
    this.panel.hidden = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#begin(), QUIET_AFTER_MS);
  }

  #begin() {
    const isBusy = document.querySelector("#sky .bullet, #banners .bad") !== null;
    if (isBusy) this.end();
    else this.panel.hidden = false;
  }
}
