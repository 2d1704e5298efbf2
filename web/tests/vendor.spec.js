// The packages that the page ships: what lies in web/vendor is what their authors published, to the byte.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "@playwright/test";

const web = resolve(import.meta.dirname, "..");
const vendor = join(web, "vendor");
const sums = readFileSync(join(vendor, "SHA256SUMS"), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split(/\s+/));

/** Where a vendored file lies in its package. */
const published = (file) => {
  const [name, ...rest] = file.split("/");
  const path = rest.join("/");
  return join(web, "node_modules", name, path === "LICENSE" ? path : join("dist", path));
};

test("every vendored file is listed with its hash, and is the one of the pinned package", () => {
  expect(sums.length).toBeGreaterThan(0);
  for (const [hash, file] of sums) {
    const bytes = readFileSync(join(vendor, file));
    expect(createHash("sha256").update(bytes).digest("hex"), file).toBe(hash);
    expect(bytes.equals(readFileSync(published(file))), `${file} is unmodified`).toBe(true);
  }
});

test("nothing lies in the vendor folder that is not listed", () => {
  const files = readdirSync(vendor, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(vendor.length + 1));
  const listed = sums.map(([, file]) => file);
  expect(files.filter((file) => !["README.md", "SHA256SUMS"].includes(file)).sort()).toEqual(listed.sort());
});

test("the versions that the vendor folder names are those of package.json", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(web, "package.json"), "utf8"));
  const readme = readFileSync(join(vendor, "README.md"), "utf8");
  for (const name of new Set(sums.map(([, file]) => file.split("/")[0]))) {
    expect(readme, name).toContain(devDependencies[name]);
  }
});
