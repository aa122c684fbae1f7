import type { Environment } from "../environment.ts";
import { GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import { tokenSetsOf } from "../provider/token-response.ts";
import { fromSealed, toSealable } from "../secret.ts";
import type { Store, StoredFlow } from "../store/port.ts";
import type { SealContext, Vault } from "../vault/vault.ts";
import type { Grant } from "./grant.ts";
import { type PassOptions, type PassProgress, passOver } from "./pass.ts";
import type { Revocable, Revocation } from "./revocation.ts";

export interface RevocationJobsOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly revocation: Revocation;
  readonly environment: Environment;
  readonly ready: () => Promise<void>;
  /** Told of each job that is done. */
  readonly onRevoked: (connector: string, connectionId: string) => void;
  /** Told of each job that could not be done. */
  readonly onFailure: (code: string) => void;
}

/**
 * Revocations that a provider could not be told of yet: sealed, for 72 hours, with a keyed hash in place of the account. The
 * owner is left out, too, unless the application must be asked for the owner's client.
 */
export interface RevocationJobs {
  keep(grant: Grant, connectionId: string): Promise<void>;
  retry(pass?: PassOptions): Promise<PassProgress>;
}

interface Job extends Revocable {
  readonly connectionId: string;
}

// They lie where flows do, which end by themselves. A flow's key is a hash, and begins with no such word.
const prefix = "revocation";
const lifetimeMs = 72 * 60 * 60 * 1000;
const pageSize = 100;

export function isRevocationJob({ key }: Pick<StoredFlow, "key">): boolean {
  return key.startsWith(`${prefix}_`);
}

export function createRevocationJobs(options: RevocationJobsOptions): RevocationJobs {
  const { store, vault, revocation } = options;

  /** Asked anew who else needs it: the account may have been connected again since. */
  async function revoke(job: Job): Promise<void> {
    const outcome = await revocation.revokeTokens(job, undefined);
    if (outcome === "pending") throw new GrantkeeperError("provider_unavailable", "A token could not be revoked.");
  }

  async function visit({ key, sealed }: StoredFlow): Promise<"changed" | "failed"> {
    try {
      const plain = fromSealed<Job>(await vault.open(sealed, contextOf(key)));
      const job: Job = { ...plain, tokenSets: tokenSetsOf(plain.tokenSets) };
      await revoke(job);
      await store.flows.take(key);
      options.onRevoked(job.connector, job.connectionId);
      return "changed";
    } catch (error) {
      options.onFailure(isGrantkeeperError(error) ? error.code : "unknown");
      return "failed";
    }
  }

  return {
    async keep(grant, connectionId) {
      const key = options.environment.randomId(prefix);
      const job: Job = { ...revocation.revocableOf(grant), connectionId };
      await store.flows.put(key, await vault.seal(toSealable(job), contextOf(key)), lifetimeMs);
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
