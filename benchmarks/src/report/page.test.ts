import { expect, test } from "vitest";
import { benchmarksPage } from "./page.ts";
import type { Report } from "./report.ts";

const summary = (median: number) => ({ median, min: median / 2, max: median * 2 });
const report: Report = {
  date: "2026-11-26",
  seconds: 400,
  rounds: 9,
  machine: { processor: "Example", processors: 2, memoryGiB: 8, platform: "Linux 6 x64", node: "v24.21.0" },
  versions: { "a-peer": "1.2.3" },
  cases: [
    {
      name: "hot-path/held",
      title: "A token.",
      figure: "nanoseconds",
      sides: [
        { name: "grantkeeper", figures: { nanoseconds: summary(200) }, ratio: { median: 1, min: 1, max: 1 } },
        { name: "a-peer", figures: { nanoseconds: summary(1_234.5) }, ratio: summary(6) },
      ],
      targets: [{ text: "ns", measured: 200, limit: 100, bound: "at most", reached: false }],
    },
  ],
};

test("the page holds the machine, each side with its range, and what was not reached", () => {
  const page = benchmarksPage(report);
  expect(page).toContain("2 processors (Example) and 8 GiB of memory: Node v24.21.0, Linux 6 x64");
  expect(page).toContain("- a-peer 1.2.3");
  expect(page).toContain("| grantkeeper | 200 (100–400) | 1 |");
  expect(page).toContain("| a-peer | 1,230 (617–2,470) | 6 (3–12) |");
  expect(page).toContain("| hot-path/held | ns | 200 | at most 100 | no |");
});
