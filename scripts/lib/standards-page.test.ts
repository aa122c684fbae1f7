import { expect, test } from "vitest";
import { standards } from "./standards.ts";
import { standardsPage } from "./standards-page.ts";

const ids = [...new Set(standards.flatMap(({ requirements }) => requirements))];
const requirements = ids.map((id) => ({ id, text: `what ${id} asks for`, covered: id !== "R46" }));

test("each requirement is linked with its tests, and what is not covered is called planned", () => {
  const files = ["a", "b", "c", "d", "e", "f"].map((name) => `packages/core/src/flow/${name}.test.ts`);
  const page = standardsPage(requirements, new Map([["R1", files]]));
  expect(page).toContain("[core/flow/a](../packages/core/src/flow/a.test.ts)");
  expect(page).toContain("and 2 more");
  expect(page).toMatch(/\| R46 \| what R46 asks for \| planned \|/);
  expect(page).toContain("R46 (planned)");
  expect(page).not.toMatch(/\| (H8|I1) \|/);
});

test("a standard cannot rest on a requirement that is not listed", () => {
  expect(() => standardsPage(requirements.slice(1), new Map())).toThrow(ids[0]);
});
