import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { edited } from "./edits.ts";
import { mutations } from "./mutations.ts";

const file = "refresh/settle.ts";

test("T6 a change is made where its text stands once", () => {
  expect(edited("one two three", { file, find: "two", replace: "$&2" })).toBe("one $&2 three");
});

test("T6 a change that fits no more, or in two places, is refused with the file's name", () => {
  expect(() => edited("one", { file, find: "two", replace: "2" })).toThrow(/refresh\/settle\.ts holds 0 times/);
  expect(() => edited("two two", { file, find: "two", replace: "2" })).toThrow(/refresh\/settle\.ts holds 2 times/);
});

test("T6 every mutation fits the sources as they are, has a name of its own and changes something", () => {
  expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  for (const { edits = [], without, name } of mutations) {
    expect(edits.length > 0 || without !== undefined, name).toBe(true);
    for (const edit of edits) {
      const text = readFileSync(fileURLToPath(new URL(`../${edit.file}`, import.meta.url)), "utf8");
      expect(edited(text, edit), name).not.toBe(text);
    }
  }
});
