import type { Case } from "../../runner/case.ts";

const side = (name: string): URL => new URL(`sides/many-${name}.ts`, import.meta.url);

/** (c) With that many connections in one process. */
function many(connections: number): Case {
  return {
    name: `hot-path/many-${connections}`,
    title: `A valid token from memory, of a random connection among ${connections.toLocaleString("en-US")}; the bare Map waits for each one, too.`,
    figure: "nanoseconds",
    better: "lower",
    sides: [
      { name: "grantkeeper", module: side("grantkeeper"), settings: { connections, handles: "made" } },
      // Filling another process with the most of them would take longer than what it shows is worth.
      ...(connections > 1_000
        ? []
        : [
            {
              name: "grantkeeper, held handles",
              module: side("grantkeeper"),
              settings: { connections, handles: "held" },
            },
          ]),
      { name: "Map.get", module: side("map"), settings: { connections } },
    ],
    targets: ({ figure }) => [
      {
        text: "nanoseconds, with a limit of twice Map.get plus 300",
        measured: figure("grantkeeper", "nanoseconds").median,
        limit: 2 * figure("Map.get", "nanoseconds").median + 300,
        bound: "at most",
      },
    ],
  };
}

export const manyConnections: readonly Case[] = [many(1), many(1_000), many(100_000)];
