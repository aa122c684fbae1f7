import { clientSecretPost } from "../connector/client-authentication.ts";
import type { Connector } from "../connector/types.ts";
import { createEnvironment } from "../environment.ts";
import { assembleKeeper } from "../keeper.ts";
import { noJournal } from "../refresh/journal.ts";
import type { GrantRow } from "../store/port.ts";
import { createKeySet } from "../vault/key-set.ts";
import { createKeyProviders, type KeyConfig } from "../vault/keyring.ts";
import type { ProtocolTimes } from "./checks/check.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createProvider, type RotationMode, rotationOf } from "./provider.ts";
import { storePort } from "./store-port.ts";

/** Where virtual time begins. */
export const startAt = 1_800_000_000_000;

/** In seconds, for {@link assembleKeeper}: the defaults' proportions, and short, so that waiting takes few steps. */
export const refreshTimes = { callTimeout: 2, lease: 6, recoveryWait: 12 } as const;

export const times: ProtocolTimes = {
  leaseMs: refreshTimes.lease * 1000,
  recoveryWaitMs: refreshTimes.recoveryWait * 1000,
  cacheForMs: 10_000,
};

export const accessTokenLifetime = 120;
export const callbackUrl = "https://app.example.com/connect";
export const connectorKey = "main";
export const ownerOf = (account: number): string => `owner-${account}`;
export const accountOf = (owner: string): number => Number(owner.slice("owner-".length));

export const keys: readonly KeyConfig[] = ["one", "other"].map((id, index) => ({
  id,
  secret: Uint8Array.from({ length: 32 }, (_, place) => 32 * index + place),
}));

/** An invented provider that rotates in one of the ways. */
function connectorOf(mode: RotationMode): Connector {
  return {
    id: "example",
    name: "Example",
    clientId: "client-1",
    clientAuthentication: clientSecretPost("client-secret-1"),
    // A challenge is made by the thread pool, whose answer is no step of the simulation.
    pkce: { refused: "https://example.com/docs" },
    authorizationEndpoint: "https://login.example.com/authorize",
    tokenEndpoint: "https://login.example.com/token",
    revocationEndpoint: "https://login.example.com/revoke",
    apiBaseUrl: "https://api.example.com/v1/",
    apiOrigins: ["https://api.example.com"],
    scopes: ["read"],
    scopeSeparator: " ",
    tokenSets: {},
    params: {},
    rotation: rotationOf[mode],
    revocationScope: "token",
    accessTokenLifetime,
    // Due for a refresh that keeps it alive about when its access token runs out.
    refreshTokenIdleLifetime: 2 * accessTokenLifetime,
    identify: { read: ({ tokenResponse }) => ({ id: String(tokenResponse["account"]) }) },
    docs: "https://example.com/docs",
    checkedOn: "2026-11-01",
  };
}

/** What a store holds before the first command: each account connected, and the keys. */
export interface Scene {
  readonly connector: Connector;
  readonly rows: readonly GrantRow[];
  readonly records: ReadonlyMap<string, Uint8Array>;
}

export const maximumAccounts = 3;

/** Made once for each mode by a keeper of its own, so that no sequence has to. */
export async function createScene(mode: RotationMode): Promise<Scene> {
  const connector = connectorOf(mode);
  const store = createMemoryStore({ now: () => startAt });
  const provider = createProvider(mode);
  let ids = 0;
  const environment = { ...createEnvironment(() => startAt), randomId: (prefix: string) => `${prefix}_first.${ids++}` };
  const keeper = assembleKeeper(
    {
      connectors: { [connectorKey]: connector },
      store: storePort(store, async (_operation, act) => act()),
      keys,
      callbackUrl,
    },
    environment,
    noJournal,
  );
  for (let account = 0; account < maximumAccounts; account++) {
    const { accessToken, refreshToken } = provider.consent(account, false);
    await keeper.adopt(connectorKey, {
      owner: ownerOf(account),
      tokens: {
        accessToken,
        refreshToken: refreshToken.value,
        expiresAt: new Date(startAt + accessTokenLifetime * 1000),
      },
      account: { id: String(account) },
    } as never);
  }
  // Processes differ in which key they put first.
  const [first, ...others] = createKeyProviders([...keys].reverse());
  const { records } = storePort(store, async (_operation, act) => act());
  await createKeySet({ records, providers: [first, ...others], lifetimeMs: 0, now: environment.now }).sealing();
  const found = ["keys", "index-key"].map((name) => [name, store.getRecord(name) ?? new Uint8Array(0)] as const);
  const rows = store.list({ limit: maximumAccounts }).rows;
  return { connector, rows, records: new Map(found) };
}
