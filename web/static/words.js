// Every sentence that the page says by itself, in the page's language.

const language = globalThis.document?.documentElement.lang ?? "en";

export const words = await (language.startsWith("zh") ? import("./words/zh.js") : import("./words/en.js"));
