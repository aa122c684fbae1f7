import { GrantkeeperError } from "../errors.ts";
import { describe, tokenRequestError } from "../provider/errors.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import type { AuthorizationResponse } from "./authorization-response.ts";

export function authorizationError(
  error: NonNullable<AuthorizationResponse["error"]>,
  connector: string,
  now: number,
): GrantkeeperError {
  switch (error.error) {
    case "access_denied":
    case "user_denied":
      return new GrantkeeperError("consent_denied", "The user, or the provider, did not allow access.", { connector });
    case "temporarily_unavailable":
    case "server_error":
      return new GrantkeeperError("provider_unavailable", `The provider answered ${describe(error)}.`, {
        connector,
        retryAt: new Date(now + 5_000),
      });
    default:
      return new GrantkeeperError("provider_rejected", `The provider answered ${describe(error)}.`, { connector });
  }
}

export function exchangeError(
  outcome: Exclude<TokenOutcome, { kind: "tokens" }>,
  connector: string,
  now: number,
): GrantkeeperError {
  if (outcome.kind !== "refused") return tokenRequestError(outcome, connector, now);
  return new GrantkeeperError("flow_expired", "The provider no longer accepts this authorization code.", { connector });
}

export function stateMismatch(): GrantkeeperError {
  return new GrantkeeperError(
    "state_mismatch",
    "This sign-in was not started by this user in this browser, or it has been finished already.",
  );
}

export function flowExpired(): GrantkeeperError {
  return new GrantkeeperError("flow_expired", "The sign-in took longer than ten minutes.");
}
