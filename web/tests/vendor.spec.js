// The packages that the page ships: each file in web/vendor is, byte for byte, the one that its authors published.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "@playwright/test";

const web = resolve(import.meta.dirname, "..");
const vendor = join(web, "vendor");
const files = readFileSync(join(vendor, "SHA256SUMS"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split(/\s+/)[1]);

/** Where a vendored file lies in its package. */
const published = (file) => {
  const [name, ...rest] = file.split("/");
  const path = rest.join("/");
  return join(web, "node_modules", name, path === "LICENSE" ? path : join("dist", path));
};

test("every vendored file is the one of the pinned package", () => {
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    expect(readFileSync(join(vendor, file)).equals(readFileSync(published(file))), file).toBe(true);
  }
});

test("the versions that the vendor folder names are those of package.json", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(web, "package.json"), "utf8"));
  const readme = readFileSync(join(vendor, "README.md"), "utf8");
  for (const name of new Set(files.map((file) => file.split("/")[0]))) {
    expect(readme, name).toContain(devDependencies[name]);
  }
});
