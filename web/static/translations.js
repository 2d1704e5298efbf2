// Every text of the page's scripts, in the language of the page.

const language = globalThis.document?.documentElement.lang ?? "en";

export const translations = await (language.startsWith("zh")
  ? import("./translations/zh.js")
  : import("./translations/en.js"));
