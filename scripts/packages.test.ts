import { expect, test } from "vitest";
import { fileProblems, manifestProblems } from "./packages.ts";

const good = {
  name: "@grantkeeper/example",
  version: "1.0.0",
  license: "MIT",
  type: "module",
  sideEffects: false,
  engines: { node: ">=22.19" },
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
  keywords: ["oauth"],
  dependencies: { keyv: "^6.1.0" },
};
const goodFiles = ["package.json", "README.md", "dist/index.js", "dist/index.d.ts"];

test("a package as it should be has no problem", () => {
  expect(manifestProblems(good)).toEqual([]);
  expect(fileProblems(good, goodFiles)).toEqual([]);
});

test.each([
  ["an install script", { scripts: { postinstall: "node x.js" } }],
  ["a workspace dependency", { dependencies: { "@grantkeeper/core": "workspace:^" } }],
  ["a catalog dependency", { peerDependencies: { keyv: "catalog:" } }],
  ["no keywords", { keywords: [] }],
  ["another licence", { license: "ISC" }],
  ["side effects", { sideEffects: true }],
  ["CommonJS", { type: "commonjs" }],
  ["another Node", { engines: { node: ">=20" } }],
])("%s is a problem", (_, change) => {
  expect(manifestProblems({ ...good, ...change })).toHaveLength(1);
});

test.each([
  ["no README", goodFiles.filter((file) => file !== "README.md")],
  ["an export that was not built", goodFiles.filter((file) => file !== "dist/index.js")],
  ["a test", [...goodFiles, "dist/index.test.js"]],
  ["a source", [...goodFiles, "src/index.ts"]],
  ["a fixture", [...goodFiles, "fixtures/token.json"]],
])("%s is a problem", (_, files) => {
  expect(fileProblems(good, files)).toHaveLength(1);
});

test("exports of the source are a problem", () => {
  expect(fileProblems({ ...good, exports: { ".": "./src/index.ts" } }, goodFiles)).toHaveLength(1);
});
