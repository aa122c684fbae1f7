import type { Environment } from "../environment.ts";
import { GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { ProviderRequests } from "../provider/requests.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import type { Store, StoredFlow } from "../store/port.ts";
import type { SealContext, Vault } from "../vault/vault.ts";
import type { Grant } from "./grants.ts";
import { type PassOptions, type PassProgress, passOver } from "./pass.ts";

export interface RevocationJobsOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly connectors: Connectors;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerRequests: ProviderRequests;
  readonly environment: Environment;
  readonly ready: () => Promise<void>;
  /** Told of each job that could not be done. */
  readonly onFailure: (code: string) => void;
}

/** Revocations that a provider could not be told of yet: sealed, without owner and account, for 72 hours. */
export interface RevocationJobs {
  keep(grant: Grant): Promise<void>;
  retry(pass?: PassOptions): Promise<PassProgress>;
}

type Job = Pick<Grant, "connector" | "params" | "tokenSets">;

// They lie where flows do, which end by themselves. A flow's key is a hash, and begins with no such word.
const prefix = "revocation";
const lifetimeMs = 72 * 60 * 60 * 1000;
const pageSize = 100;

export function isRevocationJob({ key }: Pick<StoredFlow, "key">): boolean {
  return key.startsWith(`${prefix}_`);
}

export function createRevocationJobs(options: RevocationJobsOptions): RevocationJobs {
  const { store, vault, connectors, tokenEndpoint, providerRequests } = options;

  async function revoke({ connector: connectorKey, params, tokenSets }: Job): Promise<void> {
    const connector = connectors.get(connectorKey);
    const server = await tokenEndpoint.server(connector, params);
    for (const [name, { accessToken, refreshToken }] of Object.entries(tokenSets)) {
      const outcome = await providerRequests.revoke(connector, server, name, { accessToken, refreshToken });
      if (outcome === "failed") throw new GrantkeeperError("provider_unavailable", "A token could not be revoked.");
    }
  }

  async function visit({ key, sealed }: StoredFlow): Promise<"changed" | "failed"> {
    try {
      await revoke(JSON.parse(Buffer.from(await vault.open(sealed, contextOf(key))).toString("utf8")) as Job);
      await store.flows.take(key);
      return "changed";
    } catch (error) {
      options.onFailure(isGrantkeeperError(error) ? error.code : "unknown");
      return "failed";
    }
  }

  return {
    async keep({ connector, params, tokenSets }) {
      const key = options.environment.randomId(prefix);
      const job: Job = { connector, params, tokenSets };
      await store.flows.put(key, await vault.seal(Buffer.from(JSON.stringify(job)), contextOf(key)), lifetimeMs);
    },
    retry: (pass = {}) =>
      passOver(
        pass,
        async (after) => {
          await options.ready();
          const { flows, next } = await store.flows.list({ limit: pageSize, after });
          return { rows: flows.filter(isRevocationJob), next };
        },
        visit,
      ),
  };
}

function contextOf(key: string): SealContext {
  return { kind: "revocation", id: key, version: 1 };
}
