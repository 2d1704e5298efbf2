// Whether the page is visible. It has no unload handlers, because these prevent the back-forward cache.

/** Calls back with true or false whenever that changes. */
export function onPresence(tell) {
  const look = () => tell(document.visibilityState === "visible");
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", () => tell(false));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) look();
  });
}

/** Resolves after a frame is painted; while the page is hidden, that is when it is shown. */
export const painted = () =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
  });
