import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Events } from "../events.ts";
import { type Grant, type Grants, type OpenGrant, type ReauthorizationReason, randomId } from "../grant/grants.ts";
import { type Decision, type HeldGrant, type Leases, notConnected } from "../grant/leases.ts";
import { liveTokenSet, reauthorizationRequired } from "../grant/live-token-set.ts";
import type { Revocation } from "../grant/revocation.ts";
import { missingScopes } from "../grant/scopes.ts";
import type { Connectors } from "../provider/connectors.ts";
import { tokenRequestError } from "../provider/errors.ts";
import type { Server } from "../provider/server.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import { type TokenSet, toTokenSet } from "../provider/token-response.ts";
import type { OpenIntent } from "../store/port.ts";
import { createFailures } from "./failures.ts";
import { saveRefreshed } from "./save-refreshed.ts";

export interface RefreshOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly leases: Leases;
  readonly tokenEndpoint: TokenEndpoint;
  readonly revocation: Revocation;
  readonly events: Events;
  readonly now: () => number;
  readonly leaseMs: number;
  readonly callTimeoutMs: number;
  /** How long an open intent of a strict provider is left alone before its refresh token is tried once more. */
  readonly recoveryWaitMs: number;
  readonly isClosed: () => boolean;
}

export type IsStale = (tokenSet: TokenSet) => boolean;

/** Whether to wait until an earlier refresh that had no answer may be tried again, or to say so at once. */
export type Patience = "waits" | "tries once";

export interface Refresh {
  /**
   * Makes sure that a token set is no longer one that `isStale` finds stale, and returns the grant as it is saved then.
   * However many ask, here and in other processes, one token request is made.
   */
  refresh(connectionId: string, tokenSet: string, isStale: IsStale, patience?: Patience): Promise<OpenGrant>;
  /** Records that only a new consent can replace a token set, unless it has been replaced since it was `seen`. */
  end(connectionId: string, name: string, seen: TokenSet, reason: ReauthorizationReason): Promise<void>;
}

/** Where a grant's refresh token goes. */
interface Target {
  readonly connector: Connector;
  readonly server: Server;
}

/** Times in milliseconds that a call needs beside its own time-out before the lease ends. */
const safetyMs = 2_000;

export function createRefresh(options: RefreshOptions): Refresh {
  const { connectors, grants, leases, tokenEndpoint, events, now } = options;
  const flights = new Map<string, Promise<OpenGrant>>();
  const failures = createFailures(now);

  function refresh(
    connectionId: string,
    name: string,
    isStale: IsStale,
    patience: Patience = "waits",
  ): Promise<OpenGrant> {
    const key = `${connectionId}/${name}`;
    const begin = (): Promise<OpenGrant> => {
      const known = flights.get(key);
      if (known !== undefined) return known;
      const flight = fly(connectionId, name, isStale, patience).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    };
    // Who joins may want more of the token than the one who began.
    const flying = flights.get(key);
    return flying === undefined ? begin() : flying.then((open) => (isFresh(open, name, isStale) ? open : begin()));
  }

  async function fly(connectionId: string, name: string, isStale: IsStale, patience: Patience): Promise<OpenGrant> {
    for (;;) {
      const result = await leases.hold<OpenGrant | "look again", Target>(
        connectionId,
        (open) => decide(open, name, isStale, patience),
        (held, target) => send(held, name, target),
      );
      if (result !== "look again") return result;
    }
  }

  async function decide(
    open: OpenGrant,
    name: string,
    isStale: IsStale,
    patience: Patience,
  ): Promise<Decision<OpenGrant | "look again", Target>> {
    const { grant, row } = open;
    const tokenSet = liveTokenSet(grant, name);
    if (!isStale(tokenSet) || tokenSet.refreshToken === undefined) return { kind: "done", result: open };
    const connector = connectors.get(grant.connector);
    const server = await tokenEndpoint.server(connector, grant.params);
    connectors.assertSameClient(grant, connector, server);
    const refreshTokenHash = grants.hashRefreshToken(tokenSet.refreshToken);
    const failure = failures.get(refreshTokenHash);
    if (failure !== undefined) throw failure;
    const waitMs = recoveryWait(connector, openIntent(row.intents, name, refreshTokenHash), row.readAt);
    if (waitMs > 0) {
      const error = new GrantkeeperError(
        "provider_unavailable",
        "An earlier refresh had no answer. It is tried once more when the provider must have finished with it.",
        { connector: grant.connector, retryAt: new Date(now() + waitMs) },
      );
      if (patience === "tries once") throw error;
      return { kind: "wait", waitMs, error };
    }
    return {
      kind: "take",
      intent: { attemptId: randomId("try"), tokenSet: name, refreshTokenHash },
      plan: { connector, server },
    };
  }

  /** 0: the refresh token may be sent now. */
  function recoveryWait({ rotation }: Connector, intent: OpenIntent | undefined, at: number): number {
    if (intent === undefined || rotation.kind === "none" || rotation.kind === "untilUsed") return 0;
    if (rotation.kind === "grace" && at - intent.at < rotation.windowSeconds * 1000) return 0;
    return Math.max(0, intent.at + options.recoveryWaitMs - at);
  }

  async function send(held: HeldGrant, name: string, { connector, server }: Target): Promise<OpenGrant | "look again"> {
    const { grant, row } = held;
    const tokenSet = liveTokenSet(grant, name);
    const refreshToken = tokenSet.refreshToken ?? "";
    const left = openIntent(row.intents, name, grants.hashRefreshToken(refreshToken));
    const request = { refreshToken, tokenSet: name, subject: grant.subject };
    if (!mayCall(held)) {
      await leases.release(held, left === undefined ? [name] : []);
      throw new GrantkeeperError("lease_timeout", "The store took so long that the lease would end during the call.", {
        connector: grant.connector,
        retryAt: new Date(now() + 1_000),
      });
    }
    let outcome = await tokenEndpoint.refresh(connector, server, request);
    let unanswered = left !== undefined;
    if (mayRepeat(connector, outcome) && mayCall(held)) {
      unanswered ||= outcome.kind === "ambiguous";
      outcome = await tokenEndpoint.refresh(connector, server, request);
    }
    switch (outcome.kind) {
      case "tokens":
        return keep(held, name, connector, outcome);
      case "refused":
        return believe(held, name, tokenSet, unanswered && connector.rotation.kind !== "none");
      case "invalid":
        await salvage(held, name, outcome.refreshTokens[name]);
        throw failed(held, name, tokenRequestError(outcome, grant.connector, now()));
      case "ambiguous":
        await leases.release(held, []);
        throw failed(held, name, tokenRequestError(outcome, grant.connector, now()));
      default:
        // Nothing was spent, so no intent of ours stays open; a predecessor's does.
        await leases.release(held, left === undefined ? [name] : []);
        throw failed(held, name, tokenRequestError(outcome, grant.connector, now()));
    }
  }

  function mayCall(held: HeldGrant): boolean {
    return now() - held.takenAt + options.callTimeoutMs + safetyMs <= options.leaseMs;
  }

  async function keep(
    held: HeldGrant,
    name: string,
    connector: Connector,
    outcome: Extract<TokenOutcome, { kind: "tokens" }>,
  ): Promise<OpenGrant> {
    // More sets than the one that was asked for are rare, and kept: one may hold a new refresh token.
    const received = Object.entries(outcome.tokenSets).map(([set, response]): [string, TokenSet] => [
      set,
      toTokenSet(response, {
        now: now(),
        requestedScopes: held.grant.requestedScopes[set] ?? [],
        previous: held.grant.tokenSets[set],
        accessTokenLifetime: connector.accessTokenLifetime,
        refreshTokenLifetime: connector.refreshTokenLifetime,
      }),
    ]);
    const tokenSets = Object.fromEntries(received);
    const saved = await saveRefreshed(options, held, name, tokenSets, (grant) => ({
      ...grant,
      tokenSets: { ...grant.tokenSets, ...tokenSets },
      refreshedAt: now(),
    }));
    const { connectionId } = held.lease;
    const about = { connector: held.grant.connector, connectionId, tokenSet: name };
    events.emit("connection.refreshed", about);
    const before = missingScopes(connector, name, held.grant);
    const missing = missingScopes(connector, name, saved.grant);
    if (before.join(" ") !== missing.join(" ")) {
      events.emit("connection.scopes_changed", {
        ...about,
        granted: saved.grant.tokenSets[name]?.scopes ?? [],
        missing,
      });
    }
    return saved;
  }

  /** R45: a refresh token that came in an answer we cannot use replaces the one that is spent. */
  async function salvage(held: HeldGrant, name: string, refreshToken: string | undefined): Promise<void> {
    const previous = held.grant.tokenSets[name];
    if (refreshToken === undefined || previous === undefined || refreshToken === previous.refreshToken) {
      await leases.release(held, []);
      return;
    }
    const tokenSets = { [name]: { ...previous, refreshToken } };
    await saveRefreshed(options, held, name, tokenSets, (grant) => ({
      ...grant,
      tokenSets: { ...grant.tokenSets, ...tokenSets },
    }));
  }

  /**
   * `invalid_grant` is believed only if the row is still the one whose refresh token was sent; otherwise another process
   * is at work on it or has been, and its result is looked for.
   */
  async function believe(held: HeldGrant, name: string, sent: TokenSet, answerWasLost: boolean): Promise<"look again"> {
    const current = await grants.read(held.lease.connectionId);
    if (current === undefined) throw notConnected();
    const { row } = current;
    const untouched =
      row.grantId === held.row.grantId && row.version === held.row.version && row.fence === held.lease.fence;
    const expired = sent.refreshTokenExpiresAt !== undefined && sent.refreshTokenExpiresAt <= now();
    const reason = answerWasLost ? "rotation_response_lost" : expired ? "expired" : "revoked";
    if (untouched && (await markEnded(held, name, reason))) {
      throw reauthorizationRequired(held.grant.connector, name, reason);
    }
    return "look again";
  }

  /** False when another has moved the row meanwhile, so that what was found no longer says anything about it. */
  async function markEnded(held: HeldGrant, tokenSet: string, reason: ReauthorizationReason): Promise<boolean> {
    const { connectionId } = held.lease;
    const { connector } = held.grant;
    const grant: Grant = { ...held.grant, ended: { ...held.grant.ended, [tokenSet]: reason } };
    const { outcome } = await grants.commit(held, grant, { replaced: [tokenSet] });
    if (outcome !== "committed") return false;
    events.emit("connection.needs_reauthorization", { connector, connectionId, tokenSet, reason });
    return true;
  }

  async function end(connectionId: string, name: string, seen: TokenSet, reason: ReauthorizationReason): Promise<void> {
    await leases.hold<void>(
      connectionId,
      async ({ grant }) => {
        const replaced = grant.tokenSets[name]?.accessToken !== seen.accessToken;
        const known = grant.ended[name] !== undefined;
        return replaced || known
          ? { kind: "done", result: undefined }
          : { kind: "take", intent: undefined, plan: undefined };
      },
      async (held) => void (await markEnded(held, name, reason)),
    );
  }

  function failed(held: HeldGrant, tokenSet: string, error: GrantkeeperError): GrantkeeperError {
    const { connectionId } = held.lease;
    const refreshToken = held.grant.tokenSets[tokenSet]?.refreshToken;
    if (refreshToken !== undefined) failures.remember(grants.hashRefreshToken(refreshToken), error);
    events.emit("connection.refresh_failed", {
      connector: held.grant.connector,
      connectionId,
      tokenSet,
      code: error.code,
    });
    return error;
  }

  return { refresh, end };
}

function isFresh({ grant }: OpenGrant, name: string, isStale: IsStale): boolean {
  const tokenSet = grant.tokenSets[name];
  return tokenSet !== undefined && !isStale(tokenSet);
}

function openIntent(
  intents: readonly OpenIntent[],
  tokenSet: string,
  refreshTokenHash: string,
): OpenIntent | undefined {
  return intents.find((intent) => intent.tokenSet === tokenSet && intent.refreshTokenHash === refreshTokenHash);
}

function mayRepeat({ rotation }: Connector, outcome: TokenOutcome): boolean {
  if (outcome.kind === "unsent") return true;
  // Who answers with an error of its own asks for patience, whatever it did with the refresh token.
  return outcome.kind === "ambiguous" && !outcome.answered && rotation.kind !== "strict";
}
