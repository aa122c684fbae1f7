import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createKeeper, generateKey } from "@grantkeeper/core";
import type { Hono } from "hono";
import { createApp } from "./app.ts";
import type { SampleKeeper } from "./connectors.ts";
import { openDatabase } from "./database.ts";
import { readPorts, rememberPorts } from "./ports.ts";
import { openProviders, type Providers } from "./providers.ts";
import { readOrCreateSecret } from "./secret-file.ts";
import { createSessions } from "./sessions.ts";
import type { Settings } from "./settings.ts";

export interface Sample {
  readonly app: Hono;
  readonly keeper: SampleKeeper;
  readonly providers: Providers;
  readonly close: () => Promise<void>;
}

/** Puts the sample together, all but its own port. `now` gives Unix milliseconds. */
export async function openSample(settings: Settings, now: () => number = Date.now): Promise<Sample> {
  const { dataDirectory, port, tokenLifetimeSeconds } = settings;
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const key = await readOrCreateSecret(join(dataDirectory, "development.key"), generateKey);
  const cookieSecret = await readOrCreateSecret(join(dataDirectory, "session.key"), () =>
    randomBytes(32).toString("base64url"),
  );
  const ports = await readPorts(dataDirectory, port);
  const providers = await openProviders(settings, ports, now);
  const database = openDatabase(join(dataDirectory, "grants.sqlite"));
  const keeper = createKeeper({
    connectors: providers.connectors,
    store: database.store,
    keys: [{ id: "development", secret: key }],
    callbackUrl: `http://localhost:${port}/connect`,
    now,
  });

  async function close(): Promise<void> {
    try {
      await keeper.close();
    } finally {
      database.close();
      await providers.close();
    }
  }
  try {
    // A keeper reads nothing by itself: a wrong key or a second process should show now, not at the first request.
    for await (const _ of keeper.connections()) break;
    await rememberPorts(dataDirectory, { ...ports, sample: port });
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  const sessions = createSessions(cookieSecret);
  const app = createApp({
    keeper,
    providers: providers.byConnector,
    sessions,
    readRow: database.readRow,
    tokenLifetimeSeconds,
    now,
  });
  return { app, keeper, providers, close };
}
