import { GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Grant, Grants, OpenGrant } from "../grant/grants.ts";
import { type HeldGrant, type Leases, notConnected } from "../grant/leases.ts";
import type { Revocation } from "../grant/revocation.ts";
import type { TokenSet } from "../provider/token-response.ts";

export interface SaveOptions {
  readonly grants: Grants;
  readonly leases: Leases;
  readonly revocation: Revocation;
  readonly isClosed: () => boolean;
}

/**
 * Commits the token sets that a refresh of one of them received. A store that is down is tried again for as long as the keeper is open:
 * nothing else holds this refresh token. Where another has moved the row meanwhile, the commit is made on what is there
 * now, unless that replaced the same token set.
 */
export async function saveRefreshed(
  { grants, leases, revocation, isClosed }: SaveOptions,
  held: HeldGrant,
  name: string,
  received: Readonly<Record<string, TokenSet>>,
  next: (grant: Grant) => Grant,
): Promise<OpenGrant> {
  const spent = held.grant.tokenSets[name]?.refreshToken;

  async function commit(target: HeldGrant): Promise<OpenGrant | undefined> {
    const grant = next(target.grant);
    const { outcome, row } = await grants.commit(target, grant, { replaced: [name] });
    return outcome === "committed" ? { row, grant } : undefined;
  }

  let target: HeldGrant | undefined = held;
  for (let attempt = 0; ; attempt++) {
    try {
      if (target === undefined) {
        const current = await grants.read(held.lease.connectionId);
        if (current === undefined) {
          // Disconnected meanwhile: what arrived late must not live on at the provider.
          await revocation.revoke({ ...held.grant, tokenSets: received }, held.lease.connectionId);
          throw notConnected();
        }
        const { grant } = current;
        if (grant.tokenSets[name]?.refreshToken !== spent) return current;
        target = await leases.tryTake(current);
      }
      // As long as nobody else has taken the lease, a late commit still holds.
      const saved = target === undefined ? undefined : await commit(target);
      if (saved !== undefined) return saved;
      target = undefined;
    } catch (error) {
      if (!isTransient(error) || isClosed()) throw error;
    }
    if (isClosed()) {
      throw new GrantkeeperError("closed", "The keeper was closed while a refreshed token waited for its store.");
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(2_000, 25 * 2 ** Math.min(attempt, 8))));
  }
}

function isTransient(error: unknown): boolean {
  return isGrantkeeperError(error) && (error.code === "store_unavailable" || error.code === "keys_unavailable");
}
