import { expect, test } from "vitest";
import { asked, beginning, invariantsOf, type Line } from "../test/history.ts";

const returned = (at: number): Line => [at, { kind: "returned", call: 1, accessToken: undefined }];
const threw = (code: "lease_timeout" | "unknown"): Line => [116, { kind: "threw", call: 1, code }];

test("a call ends within a minute, not counting the troubles of its process", () => {
  expect(invariantsOf([...beginning, asked, returned(175)])).toEqual([]);
  expect(invariantsOf([...beginning, asked, returned(176)])).toEqual(["liveness"]);
  const still: readonly Line[] = [
    [115, { kind: "paused", life: 1 }],
    [145, { kind: "resumed", life: 1 }],
  ];
  expect(invariantsOf([...beginning, asked, ...still, returned(205)])).toEqual([]);
  const away: Line = [115, { kind: "hindered", life: 1, until: 150_000 }];
  expect(invariantsOf([...beginning, asked, away, returned(210)])).toEqual([]);
  expect(invariantsOf([...beginning, asked, away, returned(211)])).toEqual(["liveness"]);
});

test("a call throws errors of the keeper's own alone", () => {
  expect(invariantsOf([...beginning, asked, threw("lease_timeout")])).toEqual([]);
  expect(invariantsOf([...beginning, asked, threw("unknown")])).toEqual(["unhandled"]);
});
