import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clientKeys } from "../src/connectors.ts";
import { freePorts } from "./support/free-ports.ts";
import { errorsOf, launch, type RunningSample, ready, stop } from "./support/running-sample.ts";
import { createVisitor } from "./support/visitor.ts";

const lifetimeSeconds = 2;
const realClients = Object.fromEntries(
  clientKeys.flatMap((key) =>
    ["ID", "SECRET"].map((name) => [`${key.toUpperCase()}_CLIENT_${name}`, `my-${name.toLowerCase()}`]),
  ),
);
let port: number;
let dataDirectory: string;
let running: RunningSample[];

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
    for (const connector of clientKeys) expect((await ada.connect(connector)).status).toBe(303);
    const ids = await ada.connectionIds();
    expect(ids).toHaveLength(3);
    await stop(first, signal);
    if (signal === "SIGTERM") expect(first.exitCode).toBe(0);

    await start();
    expect(await ada.connectionIds()).toEqual(ids);
    await delay(lifetimeSeconds * 1000);
    for (const [index, connector] of clientKeys.entries()) {
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

test("connections work on at another port, since their emulated providers stay where they were", async () => {
  const first = await start();
  const before = createVisitor(`http://localhost:${port}`, fetch);
  await before.signIn("ada");
  await before.connect("github");
  await stop(first, "SIGTERM");

  port = await freePorts();
  await start();
  const after = createVisitor(`http://localhost:${port}`, fetch);
  await after.signIn("ada");
  const [id = ""] = await after.connectionIds();
  await delay(lifetimeSeconds * 1000);
  await after.post(`/connections/github/${id}/call`);
  expect(await after.page()).toMatch(/<strong>200<\/strong>.*refreshed|refreshed.*<strong>200<\/strong>/s);
});

test("further signals leave it time to save", async () => {
  const child = await start();
  const ada = createVisitor(`http://localhost:${port}`, fetch);
  await ada.signIn("ada");
  await ada.connect("github");
  // A halted process gets all of them at the same moment.
  for (const signal of ["SIGSTOP", "SIGINT", "SIGTERM", "SIGHUP", "SIGCONT"] as const) child.kill(signal);
  await once(child, "exit");
  expect(child).toMatchObject({ exitCode: 0, signalCode: null });
});

test("a stop that fails is said in one line, too", async () => {
  const child = await start();
  const error = errorsOf(child);
  // Emulated providers write their state when they stop.
  await rm(dataDirectory, { recursive: true });
  await stop(child, "SIGTERM");
  await mkdir(dataDirectory);
  expect(child.exitCode).toBe(1);
  expect(await error).toMatch(/^Grantkeeper sample: .*\n$/);
});

test("a database in another form is named, and left as it is", async () => {
  const old = join(dataDirectory, "grants.sqlite");
  await writeFile(old, "SQLite format 3");
  const child = launchHere({ PORT: String(port), SAMPLE_DATA_DIR: dataDirectory });
  expect((await ready(child, port)).join("\n")).toContain(
    `Grantkeeper sample: ${old} is in a form that is not read. Connect its accounts again, and delete it.`,
  );
  expect(await readFile(old, "utf8")).toBe("SQLite format 3");
  await stop(child, "SIGTERM");
  await rm(old);
  expect(await ready(launchHere({ PORT: String(port), SAMPLE_DATA_DIR: dataDirectory }), port)).toHaveLength(1);
});

test("what it keeps is for its user only", async () => {
  await start();
  for (const name of await readdir(dataDirectory)) {
    const { mode } = await stat(join(dataDirectory, name));
    expect(mode & 0o077, name).toBe(0);
  }
});

test("a second start says that one is running, on the same port as on the same data", async () => {
  await start();
  const message = `Grantkeeper sample: one is running already at http://localhost:${port}.`;
  const samePort = await run({ PORT: String(port), SAMPLE_DATA_DIR: join(dataDirectory, "other") });
  expect(samePort).toMatchObject({ code: 1, error: expect.stringMatching(/^.*\n$/) });
  expect(samePort.error).toContain(message);
  const sameData = { PORT: String(await freePorts()), SAMPLE_DATA_DIR: dataDirectory };
  expect((await run(sameData)).error).toContain(message);
});

test("without emulated providers samples share their data, each at its own port", async () => {
  await start();
  const environment = { SAMPLE_DATA_DIR: dataDirectory, ...realClients };
  const otherPort = await freePorts();
  await ready(launchHere({ PORT: String(otherPort), ...environment }), otherPort);
  expect(await (await fetch(`http://localhost:${otherPort}/`)).text()).toContain("Who is there?");
  expect(await run({ PORT: String(otherPort), ...environment })).toEqual({
    code: 1,
    error: `Grantkeeper sample: one is running already at http://localhost:${otherPort}. Use that one, or stop it; for a second one choose another PORT.\n`,
  });
});

test.each([0, 2, 4])(
  "a port that something else uses is said in one line, with the variable to change (PORT + %i)",
  async (offset) => {
    const other = createServer().listen(port + offset, "127.0.0.1");
    await once(other, "listening");
    const { code, error } = await run({ PORT: String(port), SAMPLE_DATA_DIR: dataDirectory });
    other.close();
    expect(code).toBe(1);
    expect(error).toBe(
      `Grantkeeper sample: port ${port + offset} is taken; PORT=${port} needs ${port} to ${port + 4}. Stop what uses it, or choose another PORT.\n`,
    );
  },
);

test("an emulated provider whose port something else took names its connections", async () => {
  await stop(await start(), "SIGTERM");
  const other = createServer().listen(port + 1, "127.0.0.1");
  await once(other, "listening");
  const { error } = await run({ PORT: String(await freePorts()), SAMPLE_DATA_DIR: dataDirectory });
  other.close();
  expect(error).toContain(`port ${port + 1} is taken, where the connections in ${dataDirectory} have`);
});

test("half a client is an error, not an emulator", async () => {
  const { code, error } = await run({ GITHUB_CLIENT_ID: "only-the-id" });
  expect(code).toBe(1);
  expect(error).toBe(
    "Grantkeeper sample: Set both GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, or neither for the emulator.\n",
  );
});

/** Starts the sample and waits until it says that it is ready. */
async function start(tokenLifetimeSeconds = lifetimeSeconds): Promise<RunningSample> {
  const child = launchHere({
    PORT: String(port),
    SAMPLE_DATA_DIR: dataDirectory,
    SAMPLE_TOKEN_LIFETIME: String(tokenLifetimeSeconds),
  });
  await ready(child, port);
  return child;
}

async function run(
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly error: string }> {
  const child = launchHere(environment);
  const error = await errorsOf(child);
  return { code: child.exitCode, error };
}

function launchHere(environment: Readonly<Record<string, string>>): RunningSample {
  const child = launch(environment);
  running.push(child);
  return child;
}
