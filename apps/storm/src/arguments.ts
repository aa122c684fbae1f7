import { parseArgs } from "node:util";
import type { RotationKind } from "./history/history.ts";
import type { StoreKind } from "./store.ts";

/** What was asked for on the command line. */
export type Command =
  | {
      readonly kind: "storm";
      readonly store: StoreKind;
      readonly provider: "emulator" | "oidc";
      readonly rotation: RotationKind;
      readonly processes: number;
      readonly connections: number;
      readonly kills: number;
      readonly seconds: number;
      readonly faults: boolean;
      readonly rewrap: boolean;
      readonly seed: number;
      /** Files for the report and for the whole history. */
      readonly json: string | undefined;
      readonly history: string | undefined;
    }
  | {
      readonly kind: "herd";
      readonly store: StoreKind;
      readonly rotation: RotationKind;
      readonly processes: number;
      readonly callers: number;
    }
  | { readonly kind: "takeover"; readonly store: StoreKind; readonly rotation: RotationKind }
  | { readonly kind: "cost"; readonly store: StoreKind; readonly rotation: RotationKind; readonly refreshes: number }
  | { readonly kind: "help" };

/** Said to the user in one sentence; the process ends with 2. */
export class UsageError extends Error {}

export const usage = `npm run storm -- --store postgres|sqlite [options]
  --rotation strict|grace|untilUsed|none   what the provider does with a spent refresh token (strict)
  --processes N      worker processes (8)
  --connections N    connections (1000; with --provider oidc 100)
  --kills N          SIGKILLs, at any time and at the named points in equal shares (200)
  --seconds N        how long the storm lasts (60)
  --faults           with a bad network and provider, and a store that is locked or far away
  --rewrap           with two processes that rotate keys all the time, both at once
  --provider emulator|oidc   who judges: the emulator, or oidc-provider, which is strict (emulator)
  --seed N           of the choices; the same seed makes the same plan (random)
  --json FILE        writes the last line there, too
  --history FILE     writes down all that happened, for another look
npm run storm -- --herd --store … [--processes 8] [--callers 200]   all ask for one token that has run out
npm run storm -- --takeover --store …   how long a dead process keeps a connection
npm run storm -- --cost --store … [--refreshes 1000]   what a refresh costs beyond its request`;

const commands = ["herd", "takeover", "cost", "help"] as const;
const storeKinds: readonly StoreKind[] = ["postgres", "sqlite"];
const rotationKinds: readonly RotationKind[] = ["strict", "grace", "untilUsed", "none"];
const providers = ["emulator", "oidc"] as const;

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const known = {
  ...{ store: text, rotation: text, provider: text, processes: text, connections: text, kills: text, seconds: text },
  ...{ seed: text, json: text, history: text, callers: text, refreshes: text, faults: flag, rewrap: flag },
  ...{ herd: flag, takeover: flag, cost: flag, help: flag },
} as const;

/** Which options each command has. */
const allowed: Readonly<Record<Command["kind"], readonly string[]>> = {
  storm: [
    ...[
      "store",
      "rotation",
      "provider",
      "processes",
      "connections",
      "kills",
      "seconds",
      "seed",
      "json",
      "history",
      "faults",
      "rewrap",
    ],
  ],
  herd: ["store", "rotation", "processes", "callers"],
  takeover: ["store", "rotation"],
  cost: ["store", "rotation", "refreshes"],
  help: [],
};

/** Reads a command line. Throws {@link UsageError}. */
export function readArguments(given: readonly string[]): Command {
  const { values, positionals } = parsed(given);
  const named = commands.filter((name) => values[name] === true || positionals.includes(name));
  const unknown = positionals.find((name) => !commands.some((command) => command === name));
  if (unknown !== undefined) throw new UsageError(`There is no command ${unknown}.`);
  if (named.length > 1) throw new UsageError(`Choose one of ${named.join(" and ")}.`);
  const kind = named[0] ?? "storm";
  if (kind === "help") return { kind };
  const options = new Map(Object.entries(values).filter(([name]) => !commands.some((command) => command === name)));
  for (const [name, value] of options) {
    if (value !== false && !allowed[kind].includes(name)) throw new UsageError(`--${name} does not belong to ${kind}.`);
  }
  const pick = <Choice extends string>(name: string, choices: readonly Choice[], otherwise?: Choice): Choice => {
    const value = options.get(name) ?? otherwise;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw new UsageError(`--${name} is one of ${choices.join(", ")}.`);
    return found;
  };
  const count = (name: string, otherwise: number, least: number, most: number): number => {
    const value = options.get(name) ?? String(otherwise);
    const number = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new UsageError(`--${name} is a whole number from ${least} to ${most}.`);
  };

  const store = pick("store", storeKinds);
  const rotation = pick("rotation", rotationKinds, "strict");
  switch (kind) {
    case "herd":
      return {
        ...{ kind, store, rotation },
        processes: count("processes", 8, 1, 64),
        callers: count("callers", 200, 1, 10_000),
      };
    case "takeover":
      return { kind, store, rotation };
    case "cost":
      return { kind, store, rotation, refreshes: count("refreshes", 1_000, 1, 100_000) };
    default: {
      const provider = pick("provider", providers, "emulator");
      if (provider === "oidc" && rotation !== "strict") throw new UsageError("--provider oidc rotates strictly only.");
      const file = (name: string): string | undefined => {
        const value = options.get(name);
        return typeof value === "string" ? value : undefined;
      };
      const rewrap = options.get("rewrap") === true;
      return {
        ...{ kind, store, rotation, provider, rewrap },
        processes: count("processes", 8, rewrap ? 2 : 1, 64),
        connections: count("connections", provider === "oidc" ? 100 : 1_000, 1, 100_000),
        kills: count("kills", 200, 0, 100_000),
        seconds: count("seconds", 60, 1, 86_400),
        faults: options.get("faults") === true,
        seed: count("seed", Math.floor(Math.random() * 2 ** 31), 0, 2 ** 32 - 1),
        ...{ json: file("json"), history: file("history") },
      };
    }
  }
}

function parsed(given: readonly string[]) {
  try {
    // npm and pnpm hand on the dashes that end their own options.
    return parseArgs({ args: given.filter((part) => part !== "--"), options: known, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message.split(/\. |\n/)[0]?.replace(/\.?$/, ".")}`);
  }
}
