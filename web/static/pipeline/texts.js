// The texts of the pipeline, in the language of the page.

const language = globalThis.document?.documentElement.lang ?? "en";

export const texts = await (language.startsWith("zh")
  ? import("../translations/pipeline-zh.js")
  : import("../translations/pipeline-en.js"));
