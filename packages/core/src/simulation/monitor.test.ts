import { expect, test } from "vitest";
import { rotationModes } from "./provider.ts";
import { invariantsOf, parents, wholeRefresh } from "./test/history.ts";

test.for(rotationModes)("a refresh that goes well breaks nothing under %s", (mode) => {
  expect(invariantsOf(wholeRefresh, { mode, parents })).toEqual([]);
});
