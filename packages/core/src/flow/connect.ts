import type { JsonObject } from "../connector/json.ts";
import type { Account, Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Grant, Grants, OpenGrant } from "../grant/grants.ts";
import type { HeldGrant, Leases } from "../grant/leases.ts";
import { missingScopes } from "../grant/scopes.ts";
import type { Server } from "../provider/server.ts";
import type { TokenSet } from "../provider/token-response.ts";
import type { Store } from "../store/port.ts";

/** What a consent, or an application's own tokens, gave. */
export interface NewConsent {
  readonly connectorKey: string;
  readonly connector: Connector;
  readonly server: Server;
  readonly owner: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tokenSets: Readonly<Record<string, TokenSet>>;
  readonly requestedScopes: Readonly<Record<string, readonly string[]>>;
  readonly account: Account | undefined;
  readonly subject: string | undefined;
  /** `undefined` leaves what a reconnected connection has. */
  readonly metadata: JsonObject | undefined;
  /** The connection to reconnect; without it, the same account's is updated and any other is added. */
  readonly connectionId: string | undefined;
}

export interface SavedConsent {
  readonly connectionId: string;
  /** Token sets whose refresh token was taken over from before: it is yet to be proven. */
  readonly unproven: readonly string[];
}

export interface ConnectOptions {
  readonly grants: Grants;
  readonly store: Store;
  readonly leases: Leases;
  readonly events: Events;
  readonly now: () => number;
}

/** Saves what a consent gave: as a new connection, or into the one that has this account already. */
export function createConnect(options: ConnectOptions): (consent: NewConsent) => Promise<SavedConsent> {
  const { grants, store, leases, events, now } = options;

  async function connect(consent: NewConsent): Promise<SavedConsent> {
    await assertRefreshTokensUnshared(consent);
    if (consent.connectionId !== undefined) return reconnect(consent.connectionId, consent);
    const grant = newGrant(consent);
    const added = await grants.insert(grant);
    if (!added.inserted) return reconnect(added.connectionId, consent);
    const about = { connector: grant.connector, connectionId: added.connectionId };
    events.emit("connection.connected", about);
    emitMissing(consent, grant, about);
    return { connectionId: added.connectionId, unproven: [] };
  }

  function reconnect(connectionId: string, consent: NewConsent): Promise<SavedConsent> {
    return leases.hold<SavedConsent>(
      connectionId,
      async (open) => {
        assertSameAccount(open, consent);
        return { kind: "take", intent: undefined, plan: undefined };
      },
      (held) => replace(held, consent),
    );
  }

  async function replace(held: HeldGrant, consent: NewConsent): Promise<SavedConsent> {
    const { connectionId } = held.lease;
    const { tokenSets, unproven } = mergeTokenSets(held.grant, consent.tokenSets);
    const fresh = newGrant(consent);
    const kept = Object.entries(held.grant.ended).filter(([name]) => !Object.hasOwn(consent.tokenSets, name));
    const grant: Grant = {
      ...fresh,
      tokenSets,
      requestedScopes: { ...held.grant.requestedScopes, ...fresh.requestedScopes },
      subject: fresh.subject ?? held.grant.subject,
      metadata: consent.metadata ?? held.grant.metadata,
      ended: Object.fromEntries(kept),
    };
    const replaced = Object.keys(consent.tokenSets).filter((name) => !unproven.includes(name));
    const { outcome } = await grants.commit(held, grant, { replaced, newGrantId: true });
    if (outcome === "identity_taken") {
      throw new GrantkeeperError("account_mismatch", "Another connection of this owner has this account already.", {
        connector: consent.connectorKey,
      });
    }
    if (outcome !== "committed") {
      throw new GrantkeeperError("lease_timeout", "Another process changed this connection meanwhile.", {
        connector: consent.connectorKey,
        retryAt: new Date(now() + 1_000),
      });
    }
    const about = { connector: grant.connector, connectionId };
    events.emit("connection.reconnected", about);
    emitMissing(consent, grant, about);
    return { connectionId, unproven };
  }

  function assertSameAccount({ grant }: OpenGrant, consent: NewConsent): void {
    const sameOwner = grant.owner === consent.owner && grant.connector === consent.connectorKey;
    if (!sameOwner) throw new GrantkeeperError("not_connected", "There is no such connection.");
    if (grant.account === undefined || grant.account.id === consent.account?.id) return;
    // Its tokens are dropped and not revoked: a provider may have answered with ones that another connection holds.
    throw new GrantkeeperError(
      "account_mismatch",
      "The user signed in with another account than the one of this connection. Nothing was changed.",
      { connector: consent.connectorKey },
    );
  }

  /** A rotating refresh token in two rows would be spent twice, which ends it: the second row is refused. */
  async function assertRefreshTokensUnshared(consent: NewConsent): Promise<void> {
    const { connector, connectorKey, account, owner } = consent;
    if (connector.rotation.kind === "none" || account === undefined) return;
    const received = new Set(Object.values(consent.tokenSets).flatMap((set) => set.refreshToken ?? []));
    if (received.size === 0) return;
    await grants.ready();
    const accountHash = grants.hashAccount(connectorKey, account);
    for (let after: string | undefined; ; ) {
      const page = await store.list({ accountHash, after, limit: 100 });
      for (const row of page.rows) {
        const { grant } = await grants.open(row);
        const shared = Object.values(grant.tokenSets).some((set) => received.has(set.refreshToken ?? ""));
        const own = grant.owner === owner && sameParams(grant.params, consent.params);
        if (shared && !own) {
          throw new GrantkeeperError(
            "invalid_request",
            "This refresh token is already kept for another connection, and the provider rotates it: two holders would end it.",
            { connector: connectorKey },
          );
        }
      }
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  function newGrant(consent: NewConsent): Grant {
    return {
      connector: consent.connectorKey,
      owner: consent.owner,
      params: consent.params,
      issuer: consent.server.issuer,
      tokenEndpoint: consent.server.tokenEndpoint,
      clientId: consent.connector.clientId,
      tokenSets: consent.tokenSets,
      requestedScopes: consent.requestedScopes,
      account: consent.account,
      subject: consent.subject,
      metadata: consent.metadata ?? {},
      ended: {},
      connectedAt: now(),
      refreshedAt: undefined,
    };
  }

  function emitMissing(
    { connector }: NewConsent,
    grant: Grant,
    about: { readonly connector: string; readonly connectionId: string },
  ): void {
    for (const [tokenSet, { scopes }] of Object.entries(grant.tokenSets)) {
      const missing = missingScopes(connector, tokenSet, grant);
      if (missing.length > 0)
        events.emit("connection.scopes_changed", { ...about, tokenSet, granted: scopes, missing });
    }
  }

  return connect;
}

/**
 * A provider may leave the refresh token out when the same account consents again (Google): the stored one is kept, unless
 * it is known to be dead. Token sets that this consent did not give stay as they are.
 */
function mergeTokenSets(
  before: Grant,
  received: Readonly<Record<string, TokenSet>>,
): { readonly tokenSets: Readonly<Record<string, TokenSet>>; readonly unproven: readonly string[] } {
  const tokenSets: Record<string, TokenSet> = { ...before.tokenSets };
  const unproven: string[] = [];
  for (const [name, tokenSet] of Object.entries(received)) {
    const stored = before.tokenSets[name];
    const keeps =
      tokenSet.refreshToken === undefined && stored?.refreshToken !== undefined && before.ended[name] === undefined;
    if (keeps) unproven.push(name);
    tokenSets[name] = keeps ? { ...tokenSet, refreshToken: stored.refreshToken, ...lifetimeOf(stored) } : tokenSet;
  }
  return { tokenSets, unproven };
}

function lifetimeOf({ refreshTokenExpiresAt }: TokenSet): { readonly refreshTokenExpiresAt?: number } {
  return refreshTokenExpiresAt === undefined ? {} : { refreshTokenExpiresAt };
}

function sameParams(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys({ ...a, ...b }).every((name) => a[name] === b[name]);
}
