import { type ConfiguredKey, createKeeper, type Keeper, keyvStore } from "@grantkeeper/core";
import type { Connector } from "@grantkeeper/core/connector";
import type { GrantRow, Store, StoredFlow } from "@grantkeeper/core/store";
import { consent } from "../consent.ts";
import { exampleConnector } from "../provider/example-connector.ts";
import type { EmulatedProvider } from "../provider/options.ts";
import { startProvider } from "../provider/start.ts";

/** It names no accounts, so that each consent is a connection of its own. */
const connector: Connector<never, "user"> = exampleConnector({ userinfoEndpoint: undefined });

const nothing = (): void => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
/** Milliseconds: a keeper never gives up what it has to save, a test does. */
const patienceMs = 20_000;
const accessTokenLifetime = 3_600;

type WorldKeeper = Keeper<{ readonly main: typeof connector }>;

/** An emulated provider, a store in memory, and keepers on it, each as another process would open it. */
export interface KeyWorld {
  readonly provider: EmulatedProvider;
  readonly store: Store;
  /** A keeper that asks for its keys, and reads the store, at each use. */
  readonly open: (...keys: readonly ConfiguredKey[]) => WorldKeeper;
  /** Up to a user's consent: `callback` finishes the flow. */
  readonly start: (
    keeper: WorldKeeper,
    owner?: string,
  ) => Promise<{ readonly callback: Request; readonly owner: string }>;
  readonly connect: (
    keeper: WorldKeeper,
    owner?: string,
  ) => Promise<{ readonly id: string; readonly accessToken: string }>;
  readonly tokenOf: (keeper: WorldKeeper, id: string) => Promise<string>;
  /** Keys that went through the providers of these keepers. */
  readonly unwrapped: readonly Uint8Array[];
  /** Lets every access token so far run out, by the keepers' clock. */
  readonly expire: () => void;
  /** Calls this when a refresh has its lease, before it sends: what it needs to open the grant it has. */
  readonly whenLeased: (act: () => void) => void;
  readonly stored: () => Promise<Stored>;
}

/** All that a keeper has written. */
export interface Stored {
  readonly rows: readonly Omit<GrantRow, "readAt">[];
  readonly flows: readonly StoredFlow[];
  /** The wrapped keys, and the sealed index key. */
  readonly records: readonly (Uint8Array | undefined)[];
}

export async function withWorld(run: (world: KeyWorld) => Promise<void>): Promise<void> {
  const { world, close } = await createWorld();
  try {
    await run(world);
  } finally {
    await close();
  }
}

async function createWorld(): Promise<{ readonly world: KeyWorld; readonly close: () => Promise<void> }> {
  let offsetMs = 0;
  let onLease = nothing;
  const provider = await startProvider(connector, { accessTokenLifetime });
  const store = keyvStore();
  // It is the world's, and outlives its keepers.
  const lent: Store = {
    ...store,
    close: async () => undefined,
    async lease(request) {
      const outcome = await store.lease(request);
      if (outcome.kind === "leased") onLease();
      return outcome;
    },
  };
  const keepers: WorldKeeper[] = [];
  const unwrapped: Uint8Array[] = [];

  /** Keeps what goes through a provider, so that a test can look for it where it must not be. */
  function watched(key: ConfiguredKey): ConfiguredKey {
    if ("secret" in key) return key;
    return {
      id: key.id,
      wrap: (bytes, context) => {
        unwrapped.push(Uint8Array.from(bytes));
        return key.wrap(bytes, context);
      },
      unwrap: async (bytes, context) => {
        const opened = await key.unwrap(bytes, context);
        unwrapped.push(Uint8Array.from(opened));
        return opened;
      },
    };
  }

  function open(...keys: readonly ConfiguredKey[]): WorldKeeper {
    const keeper = createKeeper({
      connectors: { main: provider.connector },
      store: lent,
      keys: keys.map(watched),
      callbackUrl: "https://app.example.com/connect",
      now: () => Date.now() + offsetMs,
      ...{ cacheKeysFor: 0, cacheFor: 0, backgroundRefresh: false },
      logger: silent,
    });
    keepers.push(keeper);
    return keeper;
  }

  const start: KeyWorld["start"] = async (keeper, owner = "ada") => {
    const { url, headers } = await keeper.start("main", { owner });
    const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
    return { callback: new Request(await consent(url), { headers: { cookie } }), owner };
  };

  const connect: KeyWorld["connect"] = async (keeper, owner) => {
    const started = await start(keeper, owner);
    const { connection } = await keeper.finish(started.callback, { owner: started.owner });
    return { id: connection.id, accessToken: (await connection.token()).accessToken };
  };

  const world: KeyWorld = {
    ...{ provider, store, open, start, connect, unwrapped },
    tokenOf: async (keeper, id) =>
      (await keeper.connection("main", { id }).token({ signal: AbortSignal.timeout(patienceMs) })).accessToken,
    expire: () => {
      offsetMs += (accessTokenLifetime + 1) * 1_000;
    },
    whenLeased: (act) => {
      onLease = act;
    },
    stored: async () => ({
      rows: (await store.list({ limit: 1_000 })).rows.map(({ readAt: _, ...row }) => row),
      flows: (await store.flows.list({ limit: 1_000 })).flows,
      records: await Promise.all(["keys", "index-key"].map((name) => store.records.get(name))),
    }),
  };
  return {
    world,
    async close() {
      for (const keeper of keepers) await keeper.close();
      await store.close();
      await provider.close();
    },
  };
}
