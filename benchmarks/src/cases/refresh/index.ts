import { startAuthorizationServer } from "../../provider/start.ts";
import type { Case, Stage } from "../../runner/case.ts";
import { createPlace } from "../../setup/place.ts";
import { missingPostgres } from "../../setup/postgres.ts";

const side = (name: string): URL => new URL(`sides/${name}.ts`, import.meta.url);
const stores = { sqlite: "SQLite", postgres: "PostgreSQL" } as const;

function refreshing(kind: keyof typeof stores, atOnce: number): Case {
  const settings = { kind, atOnce };
  return {
    name: `refresh/${kind}-${atOnce}`,
    title: `Refreshes grants that have run out on ${stores[kind]}, ${atOnce === 1 ? "one after another" : `${atOnce} at a time`}.`,
    figure: "refreshesPerSecond",
    better: "higher",
    // What the engine compiles is compiled after a thousand.
    warmUps: 5,
    sides: [
      { name: "grantkeeper", module: side("grantkeeper"), settings: { ...settings, name: "keeper" } },
      { name: "by hand", module: side(`by-hand-${kind}`), settings },
    ],
    stage: () => stage(kind),
    ...(kind === "postgres" ? { missing: missingPostgres } : {}),
    targets: ({ ratio }) => [
      {
        text: "as a part of the loop by hand",
        measured: ratio("grantkeeper", "by hand").median,
        limit: 0.6,
        bound: "at least",
      },
    ],
  };
}

async function stage(kind: string): Promise<Stage> {
  const place = await createPlace(kind);
  const provider = await startAuthorizationServer(0);
  return {
    settings: { ...place.settings, origin: provider.origin },
    async close() {
      await provider.close();
      await place.close();
    },
  };
}

export const refreshCases: readonly Case[] = [
  refreshing("sqlite", 1),
  refreshing("sqlite", 50),
  refreshing("postgres", 1),
  refreshing("postgres", 50),
];
