// The texts that the guest's page alone has, in the language of the page.

const language = globalThis.document?.documentElement.lang ?? "en";

export const texts = await (language.startsWith("zh")
  ? import("../translations/join-zh.js")
  : import("../translations/join-en.js"));
