import { GrantkeeperError } from "../errors.ts";
import type { TokenSet } from "../provider/token-response.ts";
import type { Grant, ReauthorizationReason } from "./grant.ts";

/** The token set of that name, or the error that says why there is none to use. */
export function liveTokenSet(grant: Grant, name: string): TokenSet {
  const reason = Object.hasOwn(grant.ended, name) ? grant.ended[name] : undefined;
  if (reason !== undefined) throw reauthorizationRequired(grant.connector, name, reason);
  const tokenSet = Object.hasOwn(grant.tokenSets, name) ? grant.tokenSets[name] : undefined;
  if (tokenSet !== undefined) return tokenSet;
  throw new GrantkeeperError("scope_missing", `The user's consent gave no "${name}" token.`, {
    connector: grant.connector,
  });
}

/** Whether an access token can be had anew without the user: by a refresh token, or by credentials that are kept. */
export function isRenewable({ credentials, ended }: Grant, name: string, { refreshToken }: TokenSet): boolean {
  const isKept = name === "default" && credentials !== undefined;
  return (refreshToken !== undefined || isKept) && !Object.hasOwn(ended, name);
}

export function reauthorizationRequired(
  connector: string,
  tokenSet: string,
  reason: ReauthorizationReason,
): GrantkeeperError {
  const why = {
    revoked: "the provider no longer accepts it",
    expired: "it has expired",
    rotation_response_lost: "the answer to a refresh was lost, and the provider accepts the old refresh token no more",
  }[reason];
  const which = tokenSet === "default" ? "grant" : `grant of the "${tokenSet}" token`;
  return new GrantkeeperError("reauthorization_required", `The ${which} has ended: ${why}.`, { connector });
}
