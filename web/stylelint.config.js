// Holds the page's styles to the browsers that the README names: `browserslist` in package.json.

export default {
  plugins: ["stylelint-no-unsupported-browser-features"],
  reportNeedlessDisables: true,
  rules: {
    "plugin/no-unsupported-browser-features": [true, { ignorePartialSupport: true }],
    // The plugin does not know these. Each is newer than one of the browsers.
    "function-disallowed-list": ["color-mix", "light-dark", "oklab", "oklch", "round", "linear"],
    "at-rule-disallowed-list": ["container", "layer", "scope", "starting-style", "view-transition"],
    "property-disallowed-list": [/^anchor-/, /^container/, /^animation-timeline/, /^text-wrap/, /^view-transition/],
  },
};
