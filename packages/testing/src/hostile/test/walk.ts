import { inspect } from "node:util";
import { type Connector, createKeeper, generateKey, type Keeper, keyvStore, type Logger } from "@grantkeeper/core";
import { onTestFinished } from "vitest";
import type { HostileAttack } from "../attack.ts";
import { type HostileProvider, startHostileProvider } from "../start.ts";

/** A keeper with a hostile provider under the name `main`, and a browser that keeps its cookie. */
export interface HostileWalk {
  readonly provider: HostileProvider;
  readonly keeper: Keeper<{ readonly main: Connector<never, never> }>;
  /** Whatever the keeper has logged. */
  readonly logged: readonly string[];
  readonly advance: (seconds: number) => void;
  /** A whole sign-in. */
  readonly connect: () => ReturnType<Keeper["finish"]>;
  readonly connectionIds: () => Promise<readonly string[]>;
}

/** Longer than a refresh that nobody has answered is left alone for. */
export const anHour = 3600;
const owner = "ada";

/** Closed when its test ends. */
export async function startWalk({ name, stalls }: Pick<HostileAttack, "name" | "stalls">): Promise<HostileWalk> {
  let offsetMs = 0;
  const now = (): number => Date.now() + offsetMs;
  const provider = await startHostileProvider({ attack: name, now });
  const logged: string[] = [];
  const keep = (...parts: unknown[]): void => void logged.push(inspect(parts, { depth: 10 }));
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  const keeper = createKeeper({
    connectors: { main: provider.connector, other: { ...provider.connector, clientId: "another-client" } },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    store: keyvStore(undefined, { now }),
    logger,
    now,
    // Honest requests on a busy machine may take longer than a second.
    ...(stalls === true ? { refresh: { callTimeout: 2 } } : {}),
  });

  onTestFinished(async () => {
    await keeper.close();
    await provider.close();
  });
  let cookie = "";

  async function connect(): ReturnType<Keeper["finish"]> {
    const request = { headers: new Headers({ cookie }) };
    const { url, headers } = await keeper.start("main", { owner, request });
    cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
    const callback = await provider.signIn(url);
    return keeper.finish(new Request(callback, { headers: { cookie } }), { owner });
  }

  return {
    ...{ provider, keeper, logged, connect },
    advance: (seconds) => {
      offsetMs += seconds * 1000;
    },
    connectionIds: async () => {
      const ids: string[] = [];
      for await (const { id } of keeper.connections()) ids.push(id);
      return ids;
    },
  };
}
