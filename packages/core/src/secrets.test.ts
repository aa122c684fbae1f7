import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { google } from "@grantkeeper/google";
import { findSecrets, tapSecrets } from "@grantkeeper/testing";
import { KeyvSqlite } from "@keyv/sqlite";
import { Keyv } from "keyv";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Connector } from "./connector/index.ts";
import { createHandler, type IdentifiedConnection, keyvStore } from "./index.ts";
import {
  begin,
  client,
  closeWorlds,
  connect,
  cookieOf,
  createWorld,
  githubConnector,
  slackConnector,
} from "./test/harness.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "grantkeeper-secrets-"));
});
afterEach(async () => {
  await closeWorlds();
  await rm(directory, { recursive: true, force: true });
});

const googleConnector = google({ ...client, scopes: ["email", "profile"] });
const owner = "owner-whose-id-is-marked";

async function world<C extends Connector>(connector: C) {
  const tap = tapSecrets();
  tap.mark("client secret", client.clientSecret);
  const sinks: string[] = [];
  const note = (value: unknown) =>
    void sinks.push(inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value));
  const log = (message: string, fields?: unknown) => note({ message, fields });
  const faults = { answer: undefined as "echo" | "html" | "reset" | "throttle" | undefined };
  const file = join(directory, `${connector.id}.sqlite`);
  const created = await createWorld(
    connector,
    {
      faults: {
        before: () => {
          // Echoes whatever it was sent last, as careless providers do.
          const echo = tap
            .secrets()
            .slice(-4)
            .map(({ value }) => value)
            .join(" ");
          switch (faults.answer) {
            case "echo":
              return { status: 400, json: { error: "invalid_request", error_description: `not good: ${echo}` } };
            case "html":
              return { status: 200, headers: { "content-type": "text/html" }, text: `<p>${echo}</p>` };
            case "throttle":
              return { status: 429, json: { error: echo } };
            default:
              return faults.answer;
          }
        },
      },
    },
    { fetch: tap.fetch, logger: { debug: log, info: log, warn: log, error: log } },
    (clock) => keyvStore(new Keyv({ store: new KeyvSqlite({ uri: `sqlite://${file}` }) }), { now: clock.now }),
  );
  const handler = createHandler(created.keeper, { owner: () => owner });
  return { ...created, tap, sinks, note, faults, handler, file };
}

async function attempt(note: (value: unknown) => void, work: () => Promise<unknown>): Promise<void> {
  try {
    note(await work());
  } catch (error) {
    note(error);
    for (let cause = error; cause instanceof Error; cause = cause.cause) note([cause.message, cause.stack]);
  }
}

test.each([githubConnector, googleConnector, slackConnector] as Connector[])(
  "R54 no secret of $name is in any log, error, event, page or in the database",
  async (connector) => {
    const { keeper, clock, provider, tap, sinks, note, faults, handler, events, file } = await world(connector);
    const page = async (response: Response) =>
      note([response.status, await response.text(), [...response.headers].filter(([name]) => name !== "set-cookie")]);

    const started = await keeper.start("main", { owner } as never);
    const cookie = cookieOf(started.headers);
    tap.mark("cookie", cookie.split("=")[1] ?? "");
    const request = await begin(keeper, { owner });
    const url = new URL(request.url);
    tap.mark("code", url.searchParams.get("code") ?? "");
    for (const answer of ["echo", "html", "throttle", "reset"] as const) {
      faults.answer = answer;
      await page(await handler(await begin(keeper, { owner })));
    }
    faults.answer = undefined;
    for (const damage of ["code", "state", "error", "iss"]) {
      const damaged = new URL(url);
      damaged.searchParams.append(damage, "access_denied");
      await page(await handler(new Request(damaged, request)));
    }
    await page(await handler(request.clone()));
    await page(await handler(request));
    await attempt(note, () => keeper.connection("main", { owner }).status());

    const connection = keeper.connection("main", { owner });
    clock.advance(3601);
    for (const answer of ["echo", "html", "throttle", "reset", undefined] as const) {
      faults.answer = answer;
      await attempt(
        async () => undefined,
        () => connection.token(),
      );
      await attempt(note, async () => void (await connection.token()));
      clock.advance(61);
    }
    tap.mark("access token", (await connection.token()).accessToken);
    await attempt(note, () => connection.fetch("https://evil.example/"));
    await attempt(note, () => connection.fetch("user"));
    await attempt(note, () => keeper.adopt("main", { owner, tokens: { accessToken: "bad\ntoken" } } as never));
    const other = await connect(keeper, { owner: "second-owner" });
    provider.revokeGrant((await other.connection.token()).accessToken);
    clock.advance(3601);
    await attempt(note, async () => void (await other.connection.token()));
    await attempt(note, () => (other.connection as IdentifiedConnection).status());
    for (const { event } of events) note(event);

    const files = await readdir(directory);
    const database = Buffer.concat(await Promise.all(files.map((name) => readFile(join(directory, name)))));
    expect(database.length, file).toBeGreaterThan(4096);
    await attempt(note, () => connection.disconnect());
    const everything = sinks.join("\n");
    expect(tap.secrets().length).toBeGreaterThan(8);
    expect(sinks.length).toBeGreaterThan(30);
    expect(findSecrets(everything, tap.secrets())).toEqual([]);
    const people = ["second-owner", ...provider.accounts.flatMap(({ name, email }) => [name, email ?? name])];
    const readable = [owner, ...people].map((value) => ({ name: "person", value }));
    expect(findSecrets(database, [...tap.secrets(), ...readable])).toEqual([]);
  },
);
