import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmulatedProvider, startProvider } from "@grantkeeper/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addressesOf, connectorsAt } from "../src/addresses.ts";
import { createSecondProcesses, type SecondProcesses } from "../src/at-once/second-processes.ts";
import type { SecondProcess } from "../src/at-once/start-second-process.ts";
import { createConnectors, type SampleKeeper } from "../src/connectors.ts";
import { openKeeper } from "../src/keeper.ts";

const clients = { github: undefined, google: undefined, slack: undefined };
let dataDirectory: string;
let github: EmulatedProvider;
let keeper: SampleKeeper;
let secondProcesses: SecondProcesses;
/** GitHub has rotated, and has not answered yet. */
let rotated: PromiseWithResolvers<void>;
let answer: PromiseWithResolvers<undefined>;

beforeEach(async () => {
  rotated = Promise.withResolvers();
  answer = Promise.withResolvers();
  dataDirectory = await mkdtemp(join(tmpdir(), "grantkeeper-sample-"));
  const { github: connector } = createConnectors(clients);
  github = await startProvider(connector, {
    accessTokenLifetime: 30,
    faults: {
      after() {
        rotated.resolve();
        return answer.promise;
      },
    },
  });
  const addresses = addressesOf(github.connector);
  // Only GitHub is asked for anything.
  const emulated = { github: addresses, google: addresses, slack: addresses };
  const port = 1;
  keeper = await openKeeper({ dataDirectory, port, connectors: connectorsAt(emulated, clients), now: Date.now });
  secondProcesses = createSecondProcesses({ dataDirectory, port, emulated, now: Date.now });
});
afterEach(async () => {
  answer.resolve(undefined);
  await secondProcesses.close();
  await keeper.close();
  await github.close();
  await rm(dataDirectory, { recursive: true });
});

test.each<[string, (second: SecondProcess) => void]>([
  ["is told to end", (second) => void second.end()],
  ["gets SIGINT", ({ pid = 0 }) => process.kill(pid, "SIGINT")],
  ["gets SIGTERM", ({ pid = 0 }) => process.kill(pid, "SIGTERM")],
])("D9 a second process that %s in the middle of a refresh saves what it receives", async (_, stop) => {
  const connectionId = await connectExpired();
  const second = secondProcesses.start({ connector: "github", connectionId, tokenSet: "default" });
  await second.ready();
  const asked = second.ask({ at: Date.now(), callers: 1, digestKey: "key" }).catch((error: unknown) => error);
  await rotated.promise;
  stop(second);
  // It must hear of its end before the answer, for which there is no sign.
  await new Promise((resolve) => setTimeout(resolve, 200));
  answer.resolve(undefined);
  expect(await asked).toMatchObject({ name: "SecondProcessError" });
  await second.ended;

  // The refresh token was good once.
  const { accessToken } = await keeper.connection("github", { id: connectionId }).token();
  expect(github.log.tokenRequests.map(({ outcome }) => outcome)).toEqual(["issued"]);
  expect(github.revokeGrant(accessToken)).toBe(true);
});

/** A connection whose access token has run out. */
async function connectExpired(): Promise<string> {
  const [seeded] = github.seed({ count: 1, accessTokenExpired: true });
  const { accessToken = "", refreshToken = "" } = seeded?.tokenSets["default"] ?? {};
  const { id } = await keeper.adopt("github", {
    owner: "ada",
    tokens: { accessToken, refreshToken, expiresAt: new Date(Date.now() - 1000) },
    account: { id: "1000001" },
  });
  return id;
}
