import type { Connector, Rotation } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Grant, OpenGrant, ReauthorizationReason } from "../grant/grant.ts";
import type { Decision, HeldGrant, HoldOptions } from "../grant/leases.ts";
import { isRenewable, liveTokenSet } from "../grant/live-token-set.ts";
import type { Connectors } from "../provider/connectors.ts";
import { credentialExchangeOf } from "../provider/credentials.ts";
import type { Server } from "../provider/server.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import type { CredentialExchange, TokenEndpoint } from "../provider/token-endpoint.ts";
import type { TokenSet } from "../provider/token-response.ts";
import { type Secret, sameSecret } from "../secret.ts";
import { createFailures } from "./failures.ts";
import type { JournalEntry } from "./journal.ts";
import { applies, applyEntry } from "./journalled.ts";
import { mayRepeat, openIntent, recoveryWait } from "./recovery.ts";
import { createSettle, type SettleOptions } from "./settle.ts";

export interface RefreshOptions extends Omit<SettleOptions, "failures"> {
  readonly connectors: Connectors;
  readonly tokenEndpoint: TokenEndpoint;
  readonly leaseMs: number;
  readonly callTimeoutMs: number;
}

export type IsStale = (tokenSet: TokenSet) => boolean;

/** Whether to wait until an earlier refresh that had no answer may be tried again, or to say so at once. */
export type Patience = "waits" | "tries once";

export interface RefreshRequest {
  /** Default: `waits`. */
  readonly patience?: Patience;
  /** The grant as the caller knows it. */
  readonly seen?: OpenGrant;
}

export interface Refresh {
  /**
   * Makes sure that a token set is no longer one that `isStale` finds stale, and returns the grant as it is saved then.
   * However many ask, here and in other processes, one token request is made.
   */
  refresh(connectionId: string, tokenSet: string, isStale: IsStale, request?: RefreshRequest): Promise<OpenGrant>;
  /** The same for who has claimed the row under that name, and so holds the lease already. */
  refreshClaimed(connectionId: string, tokenSet: string, isStale: IsStale, holder: string): Promise<OpenGrant>;
  /** Records that only a new consent can replace a token set, unless it has been replaced since it was `seen`. */
  end(connectionId: string, name: string, seen: TokenSet, reason: ReauthorizationReason): Promise<void>;
}

/** By what a new access token is had. What is had by credentials spends nothing. */
type Renewal =
  | { readonly kind: "refresh token"; readonly refreshToken: Secret; readonly rotation: Rotation }
  | {
      readonly kind: "credentials";
      readonly exchange: Omit<CredentialExchange, "maySend">;
      readonly rotation: Rotation;
    };

/** What is done under the lease. */
type Plan =
  | {
      readonly kind: "send";
      readonly connector: Connector;
      /** Where the grant's refresh token goes. */
      readonly server: Server;
      readonly attemptId: string;
      readonly refreshTokenHash: string;
      readonly renewal: Renewal;
    }
  /** The answer that the open intent waits for was written down. */
  | { readonly kind: "apply"; readonly entry: JournalEntry };

export function createRefresh(options: RefreshOptions): Refresh {
  const { connectors, grants, leases, tokenEndpoint, journal, recoveryWaitMs } = options;
  const { now, soon, randomId } = options.environment;
  const flights = new Map<string, Promise<OpenGrant>>();
  const failures = createFailures(now);
  const { settle, markEnded } = createSettle({ ...options, failures });
  /** What a call needs beside its own time-out before the lease ends. */
  const safetyMs = options.leaseMs / 15;

  function refresh(
    connectionId: string,
    name: string,
    isStale: IsStale,
    { patience = "waits", seen }: RefreshRequest = {},
  ): Promise<OpenGrant> {
    const key = `${connectionId}/${name}`;
    const begin = (): Promise<OpenGrant> => {
      const known = flights.get(key);
      if (known !== undefined) return known;
      const flight = fly(connectionId, name, isStale, patience, { seen }).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    };
    // Who joins may want more of the token than the one who began.
    const flying = flights.get(key);
    return flying === undefined ? begin() : flying.then((open) => (isFresh(open, name, isStale) ? open : begin()));
  }

  async function fly(
    connectionId: string,
    name: string,
    isStale: IsStale,
    patience: Patience,
    { holder, seen }: HoldOptions,
  ): Promise<OpenGrant> {
    let known = seen;
    for (let count = 0; ; ) {
      const result = await leases.hold<OpenGrant | "look again", Plan>(
        connectionId,
        (open) => decide(open, name, isStale, patience),
        (held, plan) => (plan.kind === "apply" ? applyEntry(options, held, plan.entry) : send(held, name, plan)),
        { holder, seen: known },
      );
      known = undefined;
      if (result === "look again") continue;
      if (!hasRunOut(result, name, now())) return result;
      // It took longer to save it than it was good for.
      if (++count === 2) throw tooSlow(result.grant.connector);
    }
  }

  async function decide(
    open: OpenGrant,
    name: string,
    isStale: IsStale,
    patience: Patience,
  ): Promise<Decision<OpenGrant | "look again", Plan>> {
    const { grant, row } = open;
    const tokenSet = liveTokenSet(grant, name);
    const { refreshToken, expiresAt = Number.POSITIVE_INFINITY } = tokenSet;
    const renewable = isRenewable(grant, name, tokenSet);
    if (!renewable || !(isStale(tokenSet) || expiresAt <= now())) return { kind: "done", result: open };
    const refreshTokenHash = grants.hashRefreshToken(refreshToken);
    const intent = openIntent(row.intents, name, refreshTokenHash);
    if (intent !== undefined) {
      const entry = (await journal.find(row.connectionId)).find((found) => applies(found, row, refreshTokenHash));
      if (entry !== undefined) return { kind: "take", intent: undefined, plan: { kind: "apply", entry } };
    }
    const connector = await connectors.get(grant.connector, grant.owner);
    const server = await tokenEndpoint.server(connector, grant.params);
    connectors.assertSameClient(grant, connector, server);
    const failure = failures.get(refreshToken === undefined ? grants.hashToken(tokenSet) : refreshTokenHash);
    if (failure !== undefined) throw failure;
    const renewal = renewalOf(connector, server, grant, refreshToken);
    const waitMs = recoveryWait(renewal.rotation, intent, row.readAt, recoveryWaitMs);
    if (waitMs > 0) {
      const error = new GrantkeeperError(
        "provider_unavailable",
        "An earlier refresh had no answer. It is tried once more when the provider must have finished with it.",
        { connector: grant.connector, retryAt: new Date(now() + waitMs) },
      );
      if (patience === "tries once") throw error;
      return { kind: "wait", waitMs, error };
    }
    const attemptId = randomId("try");
    return {
      kind: "take",
      // Where nothing is spent, nobody has to know what is in flight.
      intent: refreshToken === undefined ? undefined : { attemptId, tokenSet: name, refreshTokenHash },
      plan: { kind: "send", connector, server, attemptId, refreshTokenHash, renewal },
    };
  }

  async function send(
    held: HeldGrant,
    name: string,
    { connector, server, attemptId, refreshTokenHash, renewal }: Extract<Plan, { kind: "send" }>,
  ): Promise<OpenGrant | "look again"> {
    const { grant, row } = held;
    const tokenSet = liveTokenSet(grant, name);
    const { rotation } = renewal;
    const maySend = (): boolean => now() - held.takenAt + options.callTimeoutMs + safetyMs <= options.leaseMs;
    const request = (): Promise<TokenOutcome> => {
      if (renewal.kind === "credentials") {
        return tokenEndpoint.exchangeCredentials(connector, server, { ...renewal.exchange, maySend });
      }
      const { refreshToken } = renewal;
      return tokenEndpoint.refresh(connector, server, {
        refreshToken,
        tokenSet: name,
        subject: grant.subject,
        maySend,
      });
    };
    // While the answer is under way: what is done by then does not lie between it and its commit. Where it fails, the commit
    // does it once more, and says why.
    soon(() => void grants.prepareCommit(row).catch(() => undefined));
    let outcome = await request();
    let isSent = false;
    if (mayRepeat(rotation, outcome) && maySend()) {
      isSent = outcome.kind === "ambiguous";
      outcome = await request();
    }
    const unanswered = isSent || openIntent(row.intents, name, refreshTokenHash) !== undefined;
    return settle({ held, name, attemptId, connector, rotation, tokenSet, unanswered, isSent }, outcome);
  }

  async function end(connectionId: string, name: string, seen: TokenSet, reason: ReauthorizationReason): Promise<void> {
    await leases.hold<void>(
      connectionId,
      async ({ grant }) => {
        const replaced = !sameSecret(grant.tokenSets[name]?.accessToken, seen.accessToken);
        const known = grant.ended[name] !== undefined;
        return replaced || known
          ? { kind: "done", result: undefined }
          : { kind: "take", intent: undefined, plan: undefined };
      },
      async (held) => void (await markEnded(held, name, reason)),
    );
  }

  return {
    refresh,
    refreshClaimed: (connectionId, name, isStale, holder) => fly(connectionId, name, isStale, "tries once", { holder }),
    end,
  };
}

/** Of what can be refreshed: what cannot be is its caller's to judge. */
function hasRunOut({ grant }: OpenGrant, name: string, now: number): boolean {
  const tokenSet = liveTokenSet(grant, name);
  const { expiresAt = Number.POSITIVE_INFINITY } = tokenSet;
  return isRenewable(grant, name, tokenSet) && expiresAt <= now;
}

function renewalOf(connector: Connector, server: Server, grant: Grant, refreshToken: Secret | undefined): Renewal {
  if (refreshToken !== undefined) return { kind: "refresh token", refreshToken, rotation: connector.rotation };
  const exchange = credentialExchangeOf(connector, server, grant.params, grant.credentials ?? {});
  return { kind: "credentials", exchange, rotation: { kind: "none" } };
}

function tooSlow(connector: string): GrantkeeperError {
  return new GrantkeeperError(
    "store_unavailable",
    "The store takes longer to save an access token than that is good for.",
    {
      connector,
    },
  );
}

function isFresh({ grant }: OpenGrant, name: string, isStale: IsStale): boolean {
  const tokenSet = grant.tokenSets[name];
  return tokenSet !== undefined && !isStale(tokenSet);
}
