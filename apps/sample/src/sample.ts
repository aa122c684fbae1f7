import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Hono } from "hono";
import { createApp } from "./app.ts";
import { createSecondProcesses, type SecondProcesses } from "./at-once/second-processes.ts";
import type { SampleKeeper } from "./connectors.ts";
import { createRowReader } from "./database.ts";
import { openKeeper } from "./keeper.ts";
import { readPorts, rememberPorts } from "./ports.ts";
import { openProviders, type Providers } from "./providers.ts";
import { readOrCreateSecret } from "./secret-file.ts";
import { createSessions } from "./sessions.ts";
import type { Settings } from "./settings.ts";

export interface Sample {
  readonly app: Hono;
  readonly keeper: SampleKeeper;
  readonly providers: Providers;
  readonly secondProcesses: SecondProcesses;
  readonly close: () => Promise<void>;
}

/** Puts the sample together, all but its own port. `now` gives Unix milliseconds. */
export async function openSample(settings: Settings, now: () => number = Date.now): Promise<Sample> {
  const { dataDirectory, port, tokenLifetimeSeconds } = settings;
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const cookieSecret = await readOrCreateSecret(join(dataDirectory, "session.key"), () =>
    randomBytes(32).toString("base64url"),
  );
  const ports = await readPorts(dataDirectory, port);
  const providers = await openProviders(settings, ports, now);
  const { connectors, byConnector, emulated } = providers;
  const secondProcesses = createSecondProcesses({ dataDirectory, port, emulated, now });
  const rows = createRowReader(dataDirectory);
  let keeper: SampleKeeper | undefined;

  async function close(): Promise<void> {
    // Both wait for refreshes under way, which the emulated providers have to answer.
    const closing = [secondProcesses.close(), keeper?.close()];
    try {
      await Promise.all(closing);
    } finally {
      await Promise.allSettled(closing);
      rows.close();
      await providers.close();
    }
  }
  try {
    keeper = await openKeeper({ dataDirectory, port, connectors, now });
    // A keeper reads nothing by itself: a wrong key should show now, not at the first request.
    for await (const _ of keeper.connections()) break;
    await rememberPorts(dataDirectory, { ...ports, sample: port });
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  const app = createApp({
    keeper,
    providers: byConnector,
    secondProcesses,
    sessions: createSessions(cookieSecret),
    readRow: rows.readRow,
    tokenLifetimeSeconds,
    now,
  });
  return { app, keeper, providers, secondProcesses, close };
}
