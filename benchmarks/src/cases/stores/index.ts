import type { Case } from "../../runner/case.ts";
import { createPlace } from "../../setup/place.ts";
import { missingPostgres } from "../../setup/postgres.ts";

const side = (name: string): URL => new URL(`sides/${name}.ts`, import.meta.url);
const operations = ["read", "lease", "commit"] as const;
const stores = [
  { kind: "memory", name: "Keyv in memory", driver: "keyv", module: "bare-keyv" },
  { kind: "keyv", name: "Keyv on SQLite", driver: "keyv and @keyv/sqlite", module: "bare-keyv" },
  { kind: "sqlite", name: "SQLite", driver: "node:sqlite", module: "bare-sqlite" },
  { kind: "postgres", name: "PostgreSQL", driver: "pg", module: "bare-postgres" },
] as const;
const verbs = { read: "Reads a row", lease: "Takes a lease", commit: "Commits a refresh" };

export const storeCases: readonly Case[] = stores.flatMap(({ kind, name, driver, module }) =>
  operations.map((operation): Case => {
    const settings = { kind, operation };
    return {
      name: `stores/${kind}-${operation}`,
      title: `${verbs[operation]}: ${name}.`,
      figure: "nanoseconds",
      better: "lower",
      sides: [
        { name: "store", module: side("store"), settings: { ...settings, name: "store" } },
        { name: driver, module: side(module), settings: { ...settings, name: "bare" } },
      ],
      stage: () => createPlace(kind),
      ...(kind === "postgres" ? { missing: missingPostgres } : {}),
      targets: ({ ratio }) => [
        {
          text: "as a multiple of the bare driver",
          measured: ratio("store", driver).median,
          limit: 1.5,
          bound: "at most",
        },
      ],
    };
  }),
);
