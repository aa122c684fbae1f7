import type { CaseResult, SideResult } from "../runner/case.ts";
import { show, showRange } from "./numbers.ts";
import type { Report } from "./report.ts";

const groups: Readonly<Record<string, string>> = {
  "hot-path": "A valid token",
  storm: "Many callers, one grant that has run out",
  stores: "Stores",
  refresh: "Refreshes",
  vault: "Sealing and opening",
  start: "Start",
  connect: "Connecting",
};

const figures: Readonly<Record<string, string>> = {
  nanoseconds: "ns",
  milliseconds: "ms",
  failedCallers: "callers that failed",
  tokenRequests: "token requests",
  lostGrants: "grants lost",
  refreshesPerSecond: "refreshes a second",
  flowsPerSecond: "flows a second",
  ownMillisecondsPerFlow: "ms a flow without the browser and the provider",
  ownShare: "share of the whole flow",
  installedKiB: "KiB installed",
  packages: "packages",
  bundleKiB: "KiB bundled, gzipped",
  memoryKiB: "KiB of memory",
};

/** docs/benchmarks.md, of the figures of one run. */
export function benchmarksPage(report: Report): string {
  const { machine } = report;
  return [
    "# Benchmarks",
    "",
    "<!-- Written by scripts/generate.ts from benchmarks/results/latest.json. -->",
    "",
    `Measured on ${report.date}, in ${Math.ceil(report.seconds / 60)} minutes, on a machine with ${machine.processors} processors (${machine.processor}) and ${machine.memoryGiB} GiB of memory: Node ${machine.node}, ${machine.platform}.`,
    "",
    `Each side of a comparison is a process of its own, warm before the first round, and the sides take turns: ${report.rounds} rounds, of which the median is shown, with the least and the most. "×" is the first column's figure as a multiple of the first side's, round by round. \`npm run bench\` measures all of it anew; [\`benchmarks/\`](../benchmarks/README.md) holds how each side is set up.`,
    "",
    "What is compared:",
    "",
    ...Object.entries(report.versions).map(([name, version]) => `- ${name} ${version}`),
    "",
    ...Object.entries(groups).flatMap(([group, title]) => section(group, title, report.cases)),
    ...targetsOf(report.cases),
  ].join("\n");
}

function section(group: string, title: string, cases: readonly CaseResult[]): readonly string[] {
  const own = cases.filter(({ name }) => name.startsWith(`${group}/`));
  return own.length === 0 ? [] : [`## ${title}`, "", ...own.flatMap(tableOf)];
}

function tableOf({ title, figure, sides }: CaseResult): readonly string[] {
  const names = Object.keys(sides[0]?.figures ?? {});
  const ordered = [figure, ...names.filter((name) => name !== figure)];
  const row = ({ name, figures: measured, ratio }: SideResult): readonly string[] => [
    name,
    ...ordered.map((one) => (measured[one] === undefined ? "" : showRange(measured[one]))),
    showRange(ratio),
  ];
  return [title, "", ...table(["", ...ordered.map((name) => figures[name] ?? name), "×"], sides.map(row)), ""];
}

function targetsOf(cases: readonly CaseResult[]): readonly string[] {
  const rows = cases.flatMap(({ name, targets }) =>
    targets.map(({ text, measured, bound, limit, reached }) => [
      name,
      text,
      show(measured),
      `${bound} ${show(limit)}`,
      reached ? "yes" : "no",
    ]),
  );
  return ["## Numbers to reach", "", ...table(["case", "what", "measured", "limit", "reached"], rows), ""];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
