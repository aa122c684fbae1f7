import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "@grantkeeper/core";
import { startAuthorizationServer } from "../../provider/start.ts";
import type { Case, Stage } from "../../runner/case.ts";

const latencyMs = 20;
const peers = {
  "better-auth": "better-auth",
  "msal-node": "msal",
  "google-auth-library": "google-auth-library",
  "simple-oauth2": "simple-oauth2",
  "@slack/oauth": "slack",
  "@octokit/auth-oauth-user": "octokit",
  arctic: "arctic",
};

function storm(callers: number, processes: number): Case {
  const side = (name: string, file: string): Case["sides"][number] => ({
    name,
    module: new URL(`sides/${file}.ts`, import.meta.url),
    settings: { callers },
    processes,
  });
  const [factor, beyond] = processes === 1 ? [1.5, 10] : [3, 20];
  const people = callers.toLocaleString("en-US");
  return {
    name: `storm/${callers}-in-${processes}`,
    title: `${people} callers in ${processes === 1 ? "one process" : `${processes} processes`} on one grant that has run out, at a provider with strict rotation that takes ${latencyMs} ms.`,
    figure: "milliseconds",
    better: "lower",
    warmUps: 1,
    sides: [side("grantkeeper", "grantkeeper"), ...Object.entries(peers).map(([name, file]) => side(name, file))],
    stage,
    targets: ({ figure }) => [
      most("token requests", figure("grantkeeper", "tokenRequests").max, 1),
      most("callers that failed", figure("grantkeeper", "failedCallers").max, 0),
      most("grants lost", figure("grantkeeper", "lostGrants").max, 0),
      most(
        `milliseconds until the last caller has its token (${factor} times the latency plus ${beyond})`,
        figure("grantkeeper", "milliseconds").median,
        factor * latencyMs + beyond,
      ),
    ],
  };
}

function most(text: string, measured: number, limit: number) {
  return { text, measured, limit, bound: "at most" } as const;
}

async function stage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "grantkeeper-storm-"));
  const provider = await startAuthorizationServer(latencyMs);
  return {
    settings: { origin: provider.origin, folder, key: generateKey() },
    async close() {
      await provider.close();
      await rm(folder, { recursive: true });
    },
  };
}

export const storms: readonly Case[] = [storm(20, 1), storm(1_000, 1), storm(20, 8), storm(1_000, 8)];
