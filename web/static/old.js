// Runs before the modules, in every browser, so it is written in the JavaScript of 2009. In a browser that is too old
// for them the page works as it does without a script, and says why.
(function () {
  "use strict";
  var script = document.currentScript;

  // The newest that the modules need: Safari 15.4, Firefox 104, Chrome 97. The README promises newer ones.
  var isNew = "noModule" in document.createElement("script") && "findLast" in Array.prototype;
  if (isNew) return;

  document.documentElement.className += " old"; // the modules look for it, too
  var sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = script.getAttribute("data-style");
  document.head.appendChild(sheet);
})();
