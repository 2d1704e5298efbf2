// Holds the page's scripts to the browsers that the README names: `browserslist` in package.json.

import compat from "eslint-plugin-compat";

/** Methods that the plugin does not find, because it does not know of what type their object is. */
const NEWER =
  "MemberExpression[property.name=/^(any|isWellFormed|toWellFormed|union|intersection|difference|symmetricDifference|" +
  "isSubsetOf|isSupersetOf|isDisjointFrom|fromAsync|withResolvers|groupBy|checkVisibility|toSorted|toReversed|toSpliced|with|togglePopover|showPopover|" +
  "startViewTransition|transferToFixedLength|escape|try)$/]";

export default [
  {
    ...compat.configs["flat/recommended"],
    files: ["static/**/*.js"],
    settings: { lintAllEsApis: true },
    rules: {
      "compat/compat": "error",
      "no-undef": "off",
      "no-restricted-syntax": [
        "error",
        { selector: NEWER, message: "newer than the browsers of the README" },
        { selector: "Literal[regex.pattern=/\\(\\?<[=!]/]", message: "Safari has lookbehind since 16.4" },
      ],
    },
    languageOptions: { ecmaVersion: 2022, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
  // It runs in browsers that are older than the page's.
  { files: ["static/old.js"], languageOptions: { ecmaVersion: 5, sourceType: "script" } },
];
