import type { Case, CaseResult, CaseSide, Results } from "./case.ts";
import type { Figures } from "./side.ts";
import { type SideProcesses, startSide } from "./side-process.ts";
import { rounded, type Summary, summarise } from "./statistics.ts";

export interface RunOptions {
  readonly rounds: number;
  readonly profiles: string | undefined;
  readonly onProgress: (line: string) => void;
}

/** Runs a case: every side is opened and warm, then they take turns, one at a time, in each round. */
export async function runCase(one: Case, options: RunOptions): Promise<CaseResult> {
  const stage = await one.stage?.();
  const running: SideProcesses[] = [];
  try {
    for (const side of one.sides) {
      options.onProgress(`${one.name}: opens ${side.name}`);
      running.push(await openSide(side, stage?.settings ?? {}, options.profiles));
    }
    return resultOf(one, await playRounds(one, running, options));
  } finally {
    for (const side of running) await side.close();
    await stage?.close();
  }
}

function openSide(
  { name, module, settings = {}, processes = 1 }: CaseSide,
  shared: NonNullable<CaseSide["settings"]>,
  profiles: string | undefined,
): Promise<SideProcesses> {
  return startSide({ name, module, settings: { ...shared, ...settings }, processes, profiles });
}

async function playRounds(
  one: Case,
  running: readonly SideProcesses[],
  { rounds, onProgress }: RunOptions,
): Promise<readonly (readonly Figures[])[]> {
  const played: Figures[][] = running.map(() => []);
  const warmUps = one.warmUps ?? 0;
  for (let round = -warmUps; round < rounds; round++) {
    onProgress(`${one.name}: ${round < 0 ? "warms up" : `round ${round + 1} of ${rounds}`}`);
    // In turn from either end, so that none always follows the same one.
    const order = [...running.entries()];
    for (const [index, side] of round % 2 === 0 ? order : order.reverse()) {
      const figures = await side.round();
      if (round >= 0) played[index]?.push(figures);
    }
  }
  return played;
}

function resultOf(one: Case, played: readonly (readonly Figures[])[]): CaseResult {
  const indexOf = (name: string): number => one.sides.findIndex((side) => side.name === name);
  const values = (index: number, figure: string): readonly number[] =>
    (played[index] ?? []).map((figures) => figures[figure] ?? Number.NaN);
  const ratio = (index: number, other: number): Summary => {
    const others = values(other, one.figure);
    return summarise(values(index, one.figure).map((value, round) => value / (others[round] ?? Number.NaN)));
  };
  const results: Results = {
    figure: (side, figure) => summarise(values(indexOf(side), figure)),
    ratio: (side, other) => ratio(indexOf(side), indexOf(other)),
  };
  const targets = (one.targets?.(results) ?? []).map((target) => {
    const reached = target.bound === "at most" ? target.measured <= target.limit : target.measured >= target.limit;
    return { ...target, measured: rounded(target.measured), limit: rounded(target.limit), reached };
  });
  const sides = one.sides.map(({ name }, index) => {
    const names = Object.keys(played[index]?.[0] ?? {});
    const figures = Object.fromEntries(names.map((figure) => [figure, summarise(values(index, figure))]));
    return { name, figures, ratio: ratio(index, 0) };
  });
  return { name: one.name, title: one.title, figure: one.figure, sides, targets };
}
