import type { Connector, Rotation } from "../connector/types.ts";
import type { GrantkeeperError } from "../errors.ts";
import type { Grant, OpenGrant, ReauthorizationReason } from "../grant/grant.ts";
import { type HeldGrant, notConnected } from "../grant/leases.ts";
import { reauthorizationRequired } from "../grant/live-token-set.ts";
import { missingScopes } from "../grant/scopes.ts";
import { mapValues } from "../map-values.ts";
import { tokenRequestError } from "../provider/errors.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import { type TokenSet, toTokenSet } from "../provider/token-response.ts";
import { type Secret, sameSecret } from "../secret.ts";
import type { Failures } from "./failures.ts";
import { type SaveOptions, saveRefreshed } from "./save-refreshed.ts";

export interface SettleOptions extends SaveOptions {
  readonly failures: Failures;
}

/** One refresh, from the lease on. */
export interface Attempt {
  readonly held: HeldGrant;
  readonly name: string;
  readonly attemptId: string;
  readonly connector: Connector;
  /** What sending does to what was sent. */
  readonly rotation: Rotation;
  /** What is to be replaced. */
  readonly tokenSet: TokenSet;
  /** Whether the refresh token was sent before, by us or by a predecessor whose intent is open, and no answer came. */
  readonly unanswered: boolean;
  /** Whether this very refresh has sent it before, and no answer came. */
  readonly isSent: boolean;
}

/** Says what a refresh's answer means for the grant. */
export interface Settle {
  /** `look again`: the row says more than the answer does. Throws what callers are to be told. */
  settle(attempt: Attempt, outcome: TokenOutcome): Promise<OpenGrant | "look again">;
  /** False when another has moved the row meanwhile, so that what was found no longer says anything about it. */
  markEnded(held: HeldGrant, tokenSet: string, reason: ReauthorizationReason): Promise<boolean>;
}

export function createSettle(options: SettleOptions): Settle {
  const { grants, leases, events, failures, journal } = options;
  const { now } = options.environment;

  async function settle(attempt: Attempt, outcome: TokenOutcome): Promise<OpenGrant | "look again"> {
    const { held, name, rotation, unanswered, isSent } = attempt;
    switch (outcome.kind) {
      case "tokens":
        return keep(attempt, outcome);
      case "refused":
        return believe(attempt, unanswered && rotation.kind !== "none");
      case "invalid": {
        const refreshToken = outcome.refreshTokens[name];
        const error = failed(attempt, tokenRequestError(outcome, held.grant.connector, now()), refreshToken);
        await salvage(attempt, refreshToken);
        throw error;
      }
      case "ambiguous":
        return giveUp(held, true, failed(attempt, tokenRequestError(outcome, held.grant.connector, now())));
      case "withheld":
        // Nobody is to blame but the time: whoever asks next tries again.
        return giveUp(held, isSent, tokenRequestError(outcome, held.grant.connector, now()));
      default: {
        // Nothing was spent now; what another's request did is as unknown as before.
        const error = failed(attempt, tokenRequestError(outcome, held.grant.connector, now()));
        return giveUp(held, isSent, error);
      }
    }
  }

  /**
   * A lease that cannot be given back runs out, and an intent that stays costs time and no grant. The error is what counts,
   * and has been remembered already, so that a store that is away makes nobody ask the provider again and again.
   */
  async function giveUp(held: HeldGrant, isSent: boolean, error: GrantkeeperError): Promise<never> {
    await (isSent ? leases.release(held) : leases.withdraw(held)).catch(() => undefined);
    throw error;
  }

  async function keep(
    { held, name, attemptId, connector, rotation, unanswered }: Attempt,
    outcome: Extract<TokenOutcome, { kind: "tokens" }>,
  ): Promise<OpenGrant | "look again"> {
    // More sets than the one that was asked for are rare, and kept: one may hold a new refresh token.
    const { fence } = held.lease;
    const tokenSets = mapValues(outcome.tokenSets, (response, set): TokenSet => {
      const context = {
        now: now(),
        requestedScopes: held.grant.requestedScopes[set] ?? [],
        previous: held.grant.tokenSets[set],
        accessTokenLifetime: connector.accessTokenLifetime,
        refreshTokenLifetime: connector.refreshTokenLifetime,
      };
      return { ...toTokenSet(response, context), fence };
    });
    const doubted = unanswered && rotation.kind !== "none";
    const saved = await saveRefreshed(options, held, { name, attemptId, tokenSets, usable: true, doubted });
    if (saved === undefined) return "look again";
    const about = { connector: held.grant.connector, connectionId: held.lease.connectionId, tokenSet: name };
    const subject = grants.subjectOf(held.grant);
    events.emit("connection.refreshed", about, subject);
    const before = missingScopes(connector, name, held.grant);
    const missing = missingScopes(connector, name, saved.grant);
    if (before.join(" ") !== missing.join(" ")) {
      const granted = saved.grant.tokenSets[name]?.scopes ?? [];
      events.emit("connection.scopes_changed", { ...about, granted, missing }, subject);
    }
    return saved;
  }

  /** R45: a refresh token that came in an answer we cannot use replaces the one that is spent. */
  async function salvage(
    { held, name, attemptId, tokenSet, unanswered }: Attempt,
    refreshToken: Secret | undefined,
  ): Promise<void> {
    if (refreshToken === undefined || sameSecret(refreshToken, tokenSet.refreshToken)) return leases.release(held);
    // Its time tells whether what befell the one before it can have befallen this one.
    const tokenSets = { [name]: { ...tokenSet, refreshToken, obtainedAt: now() } };
    await saveRefreshed(options, held, { name, attemptId, tokenSets, usable: false, doubted: unanswered });
  }

  /**
   * `invalid_grant` is believed only if the row is still the one whose refresh token was sent; otherwise another process
   * is at work on it or has been, and its result is looked for. A refresh token that a process of this host has written
   * down and not committed comes first, too.
   */
  async function believe({ held, name, tokenSet }: Attempt, answerWasLost: boolean): Promise<"look again"> {
    const current = await grants.read(held.lease.connectionId);
    if (current === undefined) throw notConnected();
    const { row } = current;
    const untouched =
      row.grantId === held.row.grantId && row.version === held.row.version && row.fence === held.lease.fence;
    if (!untouched || (await takeCandidate(held, name, tokenSet))) return "look again";
    const expired = tokenSet.refreshTokenExpiresAt !== undefined && tokenSet.refreshTokenExpiresAt <= now();
    const lost = answerWasLost || tokenSet.obtainedAt <= (held.grant.doubtedUntil?.[name] ?? 0);
    const reason = lost ? "rotation_response_lost" : expired ? "expired" : "revoked";
    if (!(await markEnded(held, name, reason))) return "look again";
    throw reauthorizationRequired(held.grant.connector, name, reason);
  }

  /** Commits a journalled successor of the refused refresh token, to be tried next. */
  async function takeCandidate(held: HeldGrant, name: string, refused: TokenSet): Promise<boolean> {
    const refreshTokenHash = grants.hashRefreshToken(refused.refreshToken);
    const found = (await journal.find(held.lease.connectionId)).find(
      (entry) => entry.tokenSet === name && entry.refreshTokenHash === refreshTokenHash,
    );
    if (found === undefined || sameSecret(found.received[name]?.refreshToken, refused.refreshToken)) return false;
    const { attemptId, received: tokenSets } = found;
    await saveRefreshed(options, held, { name, attemptId, tokenSets, usable: false, doubted: true });
    await journal.remove(found);
    return true;
  }

  async function markEnded(held: HeldGrant, tokenSet: string, reason: ReauthorizationReason): Promise<boolean> {
    const { connectionId } = held.lease;
    const { connector } = held.grant;
    const grant: Grant = { ...held.grant, ended: { ...held.grant.ended, [tokenSet]: reason } };
    const { outcome } = await grants.commit(held, grant, { replaced: [tokenSet] });
    if (outcome !== "committed") return false;
    const about = { connector, connectionId, tokenSet, reason };
    events.emit("connection.needs_reauthorization", about, grants.subjectOf(held.grant));
    return true;
  }

  function failed({ held, name }: Attempt, error: GrantkeeperError, salvaged?: Secret): GrantkeeperError {
    const { connectionId } = held.lease;
    const tokenSet = held.grant.tokenSets[name];
    if (tokenSet !== undefined) failures.remember(grants.hashToken(tokenSet), error);
    if (salvaged !== undefined) failures.remember(grants.hashRefreshToken(salvaged), error);
    const { connector } = held.grant;
    const about = { connector, connectionId, tokenSet: name, code: error.code };
    events.emit("connection.refresh_failed", about, grants.subjectOf(held.grant));
    return error;
  }

  return { settle, markEnded };
}
