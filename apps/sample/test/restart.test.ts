import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectorKeys } from "../src/connectors.ts";
import { freePorts } from "./support/free-ports.ts";
import { createVisitor } from "./support/visitor.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const lifetimeSeconds = 2;
let port: number;
let dataDirectory: string;
let running: ChildProcess[];

beforeEach(async () => {
  port = await freePorts();
  dataDirectory = await mkdtemp(join(tmpdir(), "grantkeeper-sample-"));
  running = [];
});
afterEach(async () => {
  for (const child of running) await stop(child, "SIGKILL");
  await rm(dataDirectory, { recursive: true });
});

test.each(["SIGTERM", "SIGKILL"] as const)(
  "connections are there and refresh after %s and a new start",
  async (signal) => {
    const first = await start();
    const ada = createVisitor(`http://localhost:${port}`, fetch);
    await ada.signIn("ada");
    for (const connector of connectorKeys) expect((await ada.connect(connector)).status).toBe(303);
    const ids = await ada.connectionIds();
    expect(ids).toHaveLength(3);
    await stop(first, signal);
    if (signal === "SIGTERM") expect(first.exitCode).toBe(0);

    await start();
    expect(await ada.connectionIds()).toEqual(ids);
    await delay(lifetimeSeconds * 1000);
    for (const [index, connector] of connectorKeys.entries()) {
      expect((await ada.post(`/connections/${connector}/${ids[index]}/call`)).status).toBe(303);
    }
    const page = await ada.page();
    expect(page.match(/<strong>200<\/strong>/g)).toHaveLength(3);
    // GitHub's, Google's and Slack's bot token; the one of Slack's user was not asked for.
    expect(page.match(/data-origin="">refreshed|data-origin>refreshed/g)).toHaveLength(3);
  },
);

test("it stops although somebody waits for a token to expire", async () => {
  const child = await start(50);
  const ada = createVisitor(`http://localhost:${port}`, fetch);
  await ada.signIn("ada");
  await ada.connect("github");
  const [id = ""] = await ada.connectionIds();
  const asking = ada.post(`/connections/github/${id}/ask`).catch(() => undefined);
  await delay(500);
  await stop(child, "SIGTERM");
  expect(child.exitCode).toBe(0);
  await asking;
});

test("a port that is taken, or a second process on the same data, is said in one line", async () => {
  await start();
  const samePort = await run({ PORT: String(port), SAMPLE_DATA_DIR: join(dataDirectory, "other") });
  expect(samePort).toMatchObject({
    code: 1,
    error: expect.stringMatching(/^Grantkeeper sample: port \d+ is taken\..*\n$/),
  });
  const sameData = await run({ PORT: String(await freePorts()), SAMPLE_DATA_DIR: dataDirectory });
  expect(sameData).toMatchObject({
    code: 1,
    error: expect.stringMatching(/^Grantkeeper sample: Another live process .*\n$/),
  });
});

test("half a client is an error, not an emulator", async () => {
  const { code, error } = await run({ GITHUB_CLIENT_ID: "only-the-id" });
  expect(code).toBe(1);
  expect(error).toBe(
    "Grantkeeper sample: Set both GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, or neither for the emulator.\n",
  );
});

/** Starts the sample and waits until it says that it is ready. */
async function start(tokenLifetimeSeconds = lifetimeSeconds): Promise<ChildProcess> {
  const child = launch({
    PORT: String(port),
    SAMPLE_DATA_DIR: dataDirectory,
    SAMPLE_TOKEN_LIFETIME: String(tokenLifetimeSeconds),
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === `Grantkeeper sample: http://localhost:${port}`) return child;
  }
  throw new Error("The sample stopped before it was ready.");
}

async function run(environment: NodeJS.ProcessEnv): Promise<{ readonly code: number | null; readonly error: string }> {
  const child = launch(environment);
  let error = "";
  child.stderr.on("data", (chunk: Buffer) => {
    error += chunk.toString();
  });
  await once(child, "close");
  return { code: child.exitCode, error };
}

function launch(environment: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  return child;
}

async function stop(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}
