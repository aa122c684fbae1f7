import { afterEach, beforeEach, expect, test } from "vitest";
import { connectorsAt } from "../src/addresses.ts";
import { type AskAtOnceOptions, askAtOnce } from "../src/at-once/ask-at-once.ts";
import { askHere } from "../src/at-once/ask-here.ts";
import type { SecondProcess } from "../src/at-once/start-second-process.ts";
import { type ConnectorKey, connectorKeys } from "../src/connectors.ts";
import { type TemporarySample, temporarySample } from "./support/temporary-sample.ts";
import { createVisitor, type Visitor } from "./support/visitor.ts";

const lifetimeSeconds = 30;
const patience = { timeout: 30_000 };
let sample: TemporarySample;
let ada: Visitor;
let clock: { aheadMs: number };

beforeEach(async () => {
  const ahead = { aheadMs: 0 };
  clock = ahead;
  sample = await temporarySample({
    tokenLifetimeSeconds: lifetimeSeconds,
    served: true,
    now: () => Date.now() + ahead.aheadMs,
  });
  ada = createVisitor(sample.origin, fetch);
  await ada.signIn("ada");
});
afterEach(() => sample.close());

test("D2 both processes get the same token, and where no provider counts, their keepers do", async () => {
  const { options, id } = await connect("google");
  expire();
  const { emulator, ...provider } = options.provider;
  const asked = await askAtOnce({ ...options, provider: { ...provider, emulator: undefined } });
  if (asked.kind !== "answered") throw new Error(asked.why);
  const [own, second] = asked.shares;
  expect([own.callers, second.callers]).toEqual([250, 250]);
  expect(own.pid).toBe(process.pid);
  expect(second.pid).not.toBe(process.pid);
  expect(second.tokens).toEqual(own.tokens);
  expect(asked).toMatchObject({ refreshes: { count: 1, by: "keepers" }, distinctTokens: 1, leftMs: 0 });
  expect(emulator?.log.tokenRequests.filter(({ grantType }) => grantType === "refresh_token")).toHaveLength(1);
  const { accessToken } = await sample.keeper.connection("google", { id }).token();
  expect(JSON.stringify(asked)).not.toContain(accessToken);
});

test("a token's hash says nothing beyond its own asking", async () => {
  const { options, id } = await connect("github");
  const digestKeys: string[] = [];
  const secondProcesses = withSecond((second) => ({
    ...second,
    ask(moment) {
      digestKeys.push(moment.digestKey);
      return second.ask(moment);
    },
  }));
  for (const _ of [1, 2]) {
    expire();
    await askAtOnce({ ...options, secondProcesses });
  }
  const target = { connector: "github", connectionId: id, tokenSet: "default" } as const;
  const hashes = digestKeys.map(async (digestKey) => {
    const { tokens } = await askHere({ keeper: sample.keeper, target, at: Date.now(), callers: 1, digestKey });
    return tokens;
  });
  const [first, second] = await Promise.all(hashes);
  expect(first).toHaveLength(1);
  expect(second).toHaveLength(1);
  expect(first).not.toEqual(second);
});

test("a second process that is killed while it waits is said on the page, and costs the connection nothing", async () => {
  const { id } = await connect("github");
  const asking = ada.post(`/connections/github/${id}/ask`);
  const pid = await waiting();
  process.kill(pid, "SIGKILL");
  expect((await asking).status).toBe(303);
  expect(await ada.page()).toContain(
    `The second process (${pid}) was ended by SIGKILL. Nobody has asked for the token yet. Ask again: that starts another one.`,
  );
  expire();
  await ada.post(`/connections/github/${id}/ask`);
  expect(await ada.page()).toContain("GitHub saw one request.");
});

test("a second process that is killed in the middle takes nothing from the callers here", async () => {
  const { options, id } = await connect("github");
  expire();
  let killed: number | undefined;
  const asked = await askAtOnce({
    ...options,
    secondProcesses: withSecond((second) => ({
      ...second,
      ask(moment) {
        const share = second.ask(moment);
        killed = kill(second);
        return share;
      },
    })),
  });
  expect(asked).toEqual({
    kind: "lost",
    why: `The second process (${killed}) was ended by SIGKILL.`,
    here: { pid: process.pid, callers: 250, tokens: [expect.any(String)], refreshes: 1 },
  });
  expect((await sample.keeper.connection("github", { id }).status()).state).toBe("active");
});

test("what ended a second process by itself is said, too", async () => {
  const { options } = await connect("github");
  const asked = await askAtOnce({
    ...options,
    secondProcesses: {
      ...sample.secondProcesses,
      start: (target) => sample.secondProcesses.start({ ...target, connectionId: "con_unknown" }),
    },
  });
  expect(asked).toMatchObject({
    kind: "lost",
    why: expect.stringMatching(/^The second process \(\d+\) said: There is no such connection\.$/),
    here: undefined,
  });
});

test("nobody waits any more: the second process ends", async () => {
  const { id } = await connect("github");
  const leaving = new AbortController();
  const impatient = createVisitor(sample.origin, (request) => fetch(request, { signal: leaving.signal }));
  await impatient.signIn("ada");
  const asking = impatient.post(`/connections/github/${id}/ask`).catch(() => "left");
  await waiting();
  leaving.abort();
  expect(await asking).toBe("left");
  await expect.poll(() => sample.secondProcesses.pids(), patience).toEqual([]);
});

test("no second process is left, or starts, once the sample has closed", async () => {
  const { options, id } = await connect("github");
  const asking = askAtOnce(options);
  const pid = await waiting();
  await sample.close();
  expect(sample.secondProcesses.pids()).toEqual([]);
  expect(await asking).toMatchObject({ kind: "lost", why: `The second process (${pid}) was ended by SIGKILL.` });
  const target = { connector: "github", connectionId: id, tokenSet: "default" } as const;
  expect(() => sample.secondProcesses.start(target)).toThrow("The sample is stopping.");
});

test("the second process reaches the providers that the sample emulates, by the same connectors", async () => {
  const { emulated, byConnector } = sample.providers;
  const none = { github: undefined, google: undefined, slack: undefined };
  const connectors = connectorsAt(JSON.parse(JSON.stringify(emulated)), none);
  for (const key of connectorKeys) {
    const { connector } = byConnector[key].emulator ?? {};
    expect(JSON.stringify(sorted(connectors[key]))).toBe(JSON.stringify(sorted(connector)));
  }
});

test("a real provider without a client in the environment is an error, not another provider", () => {
  const { github: _, ...emulated } = sample.providers.emulated;
  const none = { github: undefined, google: undefined, slack: undefined };
  expect(() => connectorsAt(emulated, none)).toThrow("Set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET");
});

async function connect(key: ConnectorKey): Promise<{ readonly options: AskAtOnceOptions; readonly id: string }> {
  await ada.connect(key);
  const [id = ""] = await ada.connectionIds();
  const options = {
    key,
    connection: sample.keeper.connection(key, { id }),
    keeper: sample.keeper,
    provider: sample.providers.byConnector[key],
    secondProcesses: sample.secondProcesses,
    now: () => Date.now() + clock.aheadMs,
    signal: new AbortController().signal,
  };
  return { options, id };
}

function expire(): void {
  clock.aheadMs += (lifetimeSeconds + 1) * 1000;
}

/** Resolves with the id of the second process once there is one. */
async function waiting(): Promise<number> {
  await expect.poll(() => sample.secondProcesses.pids(), patience).toHaveLength(1);
  return sample.secondProcesses.pids()[0] ?? 0;
}

function withSecond(change: (second: SecondProcess) => SecondProcess): AskAtOnceOptions["secondProcesses"] {
  return { ...sample.secondProcesses, start: (target) => change(sample.secondProcesses.start(target)) };
}

function kill({ pid = 0 }: SecondProcess): number {
  process.kill(pid, "SIGKILL");
  return pid;
}

function sorted(value: object | undefined): unknown {
  return Object.fromEntries(Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}
