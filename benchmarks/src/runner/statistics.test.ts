import { expect, test } from "vitest";
import { rounded, summarise } from "./statistics.ts";

test("the median of an odd number of values is the middle one, of an even number the mean of the two", () => {
  expect(summarise([10, 2, 3])).toEqual({ median: 3, min: 2, max: 10 });
  expect(summarise([4, 1, 3, 10])).toEqual({ median: 3.5, min: 1, max: 10 });
});

test("figures are kept to four significant digits", () => {
  expect(rounded(123_456)).toBe(123_500);
  expect(rounded(0.012_345_6)).toBe(0.01235);
});
