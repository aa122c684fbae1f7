import type { JsonObject } from "../connector/json.ts";
import type { Account, Connector } from "../connector/types.ts";
import { delay, type Environment } from "../environment.ts";
import { GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Grant, OpenGrant, StepUp } from "../grant/grant.ts";
import type { Grants } from "../grant/grants.ts";
import { changedMeanwhile, type HeldGrant, type Leases } from "../grant/leases.ts";
import { missingScopes } from "../grant/scopes.ts";
import type { Server } from "../provider/server.ts";
import type { TokenSet } from "../provider/token-response.ts";
import type { Secret } from "../secret.ts";
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
  /** Those of them that are not the connector's own. */
  readonly addedScopes?: Readonly<Record<string, readonly string[]>>;
  /** With what an access token is asked for anew, where that is no refresh token. */
  readonly credentials?: Readonly<Record<string, Secret>> | undefined;
  readonly stepUp?: StepUp | undefined;
  readonly account: Account | undefined;
  readonly subject: string | undefined;
  /** `undefined` leaves what a reconnected connection has. */
  readonly metadata: JsonObject | undefined;
  /** The connection to reconnect; without it, the same account's is updated and any other is added. */
  readonly connectionId: string | undefined;
  /**
   * What becomes of token sets that a connection of the same account has and that have not ended. A user's consent
   * replaces them; tokens that an application brings along may be older than what is kept, and leave them.
   */
  readonly live: "replace" | "keep";
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
  readonly environment: Environment;
}

/** Saves what a consent gave: as a new connection, or into the one that has this account already. */
export function createConnect(options: ConnectOptions): (consent: NewConsent) => Promise<SavedConsent> {
  const { grants, store, leases, events, environment } = options;
  const { now } = environment;

  async function connect(consent: NewConsent): Promise<SavedConsent> {
    await assertRefreshTokensUnshared(consent);
    if (consent.connectionId !== undefined) return reconnect(consent.connectionId, consent);
    const grant = newGrant(consent);
    for (let attempt = 0; ; attempt++) {
      const added = await insertPatiently(grant);
      if (added.inserted) {
        const about = { connector: grant.connector, connectionId: added.connectionId };
        events.emit("connection.connected", about, grants.subjectOf(grant));
        emitMissing(consent, grant, about);
        return { connectionId: added.connectionId, unproven: [] };
      }
      try {
        return await reconnect(added.connectionId, consent);
      } catch (error) {
        // The connection that has this account was disconnected in between: then this is a new one after all.
        if (!isGrantkeeperError(error) || error.code !== "not_connected" || attempt === 4) throw error;
      }
    }
  }

  function insertPatiently(grant: Grant): ReturnType<Grants["insert"]> {
    const connectionId = environment.randomId("con");
    return patiently(() => grants.insert(grant, connectionId));
  }

  /** The code is spent: a store that is down for a moment must not cost the user another consent. */
  async function patiently<Result>(save: () => Promise<Result>): Promise<Result> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await save();
      } catch (error) {
        const transient = isGrantkeeperError(error) && error.code === "store_unavailable";
        if (!transient || attempt === 6) throw error;
        await delay(environment, 25 * 2 ** attempt);
      }
    }
  }

  async function reconnect(connectionId: string, consent: NewConsent): Promise<SavedConsent> {
    let before: string | undefined;
    return patiently(() =>
      leases.hold<SavedConsent>(
        connectionId,
        async (open) => {
          assertSameAccount(open, consent);
          // Only the answer of an earlier try was lost; or a newer consent has come since, which counts for more.
          if (before !== undefined && before !== open.row.grantId) {
            const about = { connector: open.grant.connector, connectionId };
            events.emit("connection.reconnected", about, grants.subjectOf(open.grant));
            return { kind: "done", result: { connectionId, unproven: [] } };
          }
          const live = Object.keys(consent.tokenSets).some((name) => isLive(open.grant, name));
          if (consent.live === "keep" && live) return { kind: "done", result: { connectionId, unproven: [] } };
          return { kind: "take", intent: undefined, plan: undefined };
        },
        (held) => {
          before ??= held.row.grantId;
          return replace(held, consent);
        },
      ),
    );
  }

  async function replace(held: HeldGrant, consent: NewConsent): Promise<SavedConsent> {
    const { connectionId } = held.lease;
    const fresh = newGrant(consent);
    // What another client was given is of no use to this one: sending it would end it.
    const before = sameClient(held.grant, fresh) ? held.grant : { ...held.grant, tokenSets: {}, ended: {} };
    const { tokenSets, unproven } = mergeTokenSets(before, consent.tokenSets);
    const kept = Object.entries(before.ended).filter(([name]) => !Object.hasOwn(consent.tokenSets, name));
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
      throw changedMeanwhile(consent.connectorKey, now());
    }
    const about = { connector: grant.connector, connectionId };
    events.emit("connection.reconnected", about, grants.subjectOf(grant));
    emitMissing(consent, grant, about);
    return { connectionId, unproven };
  }

  function assertSameAccount({ grant }: OpenGrant, consent: NewConsent): void {
    const sameOwner = grant.owner === consent.owner && grant.connector === consent.connectorKey;
    if (!sameOwner) throw new GrantkeeperError("not_connected", "There is no such connection.");
    if (sameAccount(grant, consent)) return;
    // Its tokens are dropped and not revoked: a provider may have answered with ones that another connection holds.
    throw new GrantkeeperError(
      "account_mismatch",
      "The user signed in with another account than the one of this connection. Nothing was changed.",
      { connector: consent.connectorKey },
    );
  }

  /** A rotating refresh token in two rows would be spent twice, which ends it: the second row is refused. */
  async function assertRefreshTokensUnshared(consent: NewConsent): Promise<void> {
    if (consent.connector.rotation.kind === "none") return;
    await grants.ready();
    const identityHash = grants.hashIdentity(newGrant(consent));
    for (const tokenSet of Object.values(consent.tokenSets)) {
      if (tokenSet.refreshToken === undefined) continue;
      const { rows } = await store.list({ tokenHash: grants.hashToken(tokenSet), limit: 2 });
      const elsewhere = rows.some(
        (row) =>
          row.connectionId !== consent.connectionId &&
          (identityHash === undefined || row.identityHash !== identityHash),
      );
      if (!elsewhere) continue;
      throw new GrantkeeperError(
        "invalid_request",
        "This refresh token is already kept for another connection, and the provider rotates it: two holders would end it.",
        { connector: consent.connectorKey },
      );
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
      addedScopes: consent.addedScopes,
      credentials: consent.credentials,
      stepUp: consent.stepUp,
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
      if (missing.length === 0) continue;
      const change = { ...about, tokenSet, granted: scopes, missing };
      events.emit("connection.scopes_changed", change, grants.subjectOf(grant));
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

function isLive(grant: Grant, name: string): boolean {
  return Object.hasOwn(grant.tokenSets, name) && !Object.hasOwn(grant.ended, name);
}

function sameClient(one: Grant, other: Grant): boolean {
  return one.clientId === other.clientId && one.tokenEndpoint === other.tokenEndpoint && one.issuer === other.issuer;
}

/** By the account where both are known, else by the ID token's subject. A tenant's account and a person's in it are one. */
function sameAccount({ account, subject }: Grant, consent: NewConsent): boolean {
  if (account === undefined) return subject === undefined || subject === consent.subject;
  if (consent.account === undefined) return false;
  const { tenant } = account;
  const sameTenant = tenant !== undefined && tenant === consent.account.tenant;
  return account.id === consent.account.id || (sameTenant && [account.id, consent.account.id].includes(tenant));
}
