import { expect, test } from "vitest";
import { invariantsOf, type Line, refreshed } from "../test/history.ts";

test("I5 an access token is given away after its commit", () => {
  const early: Line = [115, { kind: "returned", call: 1, accessToken: "at-a2" }];
  expect(invariantsOf([...refreshed, early])).toEqual(["I5"]);
});
