import { describe, expect, test } from "vitest";
import {
  boundaryProblems,
  comparisonProblems,
  cycleProblems,
  type Files,
  LAYER_OF_FILE,
  LAYERS_BELOW,
  layerProblems,
} from "./layers.ts";
import { findCycles } from "./lib/imports.ts";

const table = {
  below: { top: ["left", "right"], left: ["bottom"], right: ["bottom"], bottom: [] },
  layerOf: { "top.ts": "top", left: "left", right: "right", "bottom/": "bottom", "bottom/high.ts": "top" },
};

function core(files: Readonly<Record<string, string>>): Files {
  return new Map(Object.entries(files).map(([path, text]) => [`packages/core/src/${path}`, text]));
}

describe("layers", () => {
  test("allow imports downward, over several layers, and inside a layer", () => {
    const files = core({
      "top.ts": 'import "./left.ts"; export * from "./bottom/deep.ts"; import { join } from "node:path";',
      "left.ts": 'import "./left/part.ts"; import "./bottom/deep.ts";',
      "left/part.ts": 'import "../left.ts";',
      "bottom/deep.ts": "",
    });
    expect(layerProblems(files, table)).toEqual([]);
  });

  test.each([
    ["upward", { "bottom/deep.ts": 'import "../top.ts";' }],
    ["sideways", { "left.ts": 'import { a } from "./right.ts";' }],
    ["for types alone", { "bottom/deep.ts": 'import type { A } from "../left.ts";' }],
    ["to export again", { "bottom/deep.ts": 'export { a } from "../left.ts";' }],
    ["when asked for", { "bottom/deep.ts": 'export const load = () => import("../left.ts");' }],
    ["of a file that the longest beginning puts on top", { "bottom/deep.ts": 'import "./high.ts";' }],
  ])("refuse an import %s", (_, files) => {
    expect(layerProblems(core(files), table)).toEqual([expect.stringContaining("not below it")]);
  });

  test("ask for a file that the table does not hold", () => {
    expect(layerProblems(core({ "unknown.ts": "" }), table)).toEqual([expect.stringContaining("Add it to the table")]);
  });

  test("ask for a layer that the order does not hold", () => {
    const problems = layerProblems(core({}), { below: {}, layerOf: { "top.ts": "top" } });
    expect(problems).toEqual([expect.stringContaining("no layer top")]);
  });

  test("of this repository have no circle, and each has a file", () => {
    expect(findCycles(new Map(Object.entries(LAYERS_BELOW)))).toEqual([]);
    expect(new Set(Object.values(LAYER_OF_FILE))).toEqual(new Set(Object.keys(LAYERS_BELOW)));
  });
});

describe("circles", () => {
  test("of two files are found", () => {
    const files = core({ "a.ts": 'import "./b.ts";', "b.ts": 'import "./a.ts";', "c.ts": 'import "./a.ts";' });
    expect(cycleProblems(files)).toEqual([
      expect.stringContaining("a.ts → packages/core/src/b.ts → packages/core/src/a.ts"),
    ]);
  });

  test("through another package's entry point are found", () => {
    const files = new Map([
      ["packages/one/src/index.ts", 'import "@grantkeeper/two";'],
      ["packages/two/src/index.ts", 'export const load = () => import("@grantkeeper/one");'],
    ]);
    const entries = new Map([
      ["@grantkeeper/one", "packages/one/src/index.ts"],
      ["@grantkeeper/two", "packages/two/src/index.ts"],
    ]);
    expect(cycleProblems(files, entries)).toHaveLength(1);
  });

  test("are not seen in a diamond", () => {
    const files = core({
      "a.ts": 'import "./b.ts"; import "./c.ts";',
      "b.ts": 'import "./d.ts";',
      "c.ts": 'import "./d.ts";',
      "d.ts": "",
    });
    expect(cycleProblems(files)).toEqual([]);
  });
});

describe("a connector", () => {
  const path = "packages/connectors/github/src/index.ts";

  test("may import the connector interface and its own files", () => {
    const text =
      'import { defineConnector } from "@grantkeeper/core/connector"; import "./scopes.ts"; import("../fixtures/a.json");';
    expect(boundaryProblems(new Map([[path, text]]))).toEqual([]);
  });

  test.each(["@grantkeeper/core", "@grantkeeper/testing", "node:crypto", "../../google/src/index.ts", "jose"])(
    "may not import %s",
    (specifier) => {
      expect(boundaryProblems(new Map([[path, `import x from "${specifier}";`]]))).toHaveLength(1);
    },
  );
});

describe("the core", () => {
  test.each(["@grantkeeper/github", "@grantkeeper/testing", "../../connectors/github/src/index.ts"])(
    "may not import %s",
    (specifier) => {
      expect(boundaryProblems(core({ "index.ts": `import "${specifier}";` }))).toHaveLength(1);
    },
  );

  test.each(['if (id === "github") f();', 'if ("github" != id) f();', "switch (id) { case `github`: f(); }"])(
    "may not ask %s",
    (text) => {
      expect(comparisonProblems(core({ "flow.ts": text }), ["github"])).toEqual([expect.stringContaining("flow.ts:1")]);
    },
  );

  test("may name a connector in a comment, and compare with other words", () => {
    const text = '// id === "github"\nif (id === "google-like") f("github");';
    expect(comparisonProblems(core({ "flow.ts": text }), ["github", "google"])).toEqual([]);
  });
});
