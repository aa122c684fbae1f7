import type { OAuthError } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import type { TokenOutcome } from "./token-answer.ts";
import { defined } from "./token-response.ts";

/** Makes remote text fit for a message: one line, short, and without anything that looks like a credential. */
export function printable(text: string, maximumLength = 200): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be removed
  const line = text.slice(0, 2000).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
  const redacted = line.replace(/[\w.~+/=%-]{12,}/g, (run) => (looksRandom(run) ? "[redacted]" : run));
  return redacted.length > maximumLength ? `${redacted.slice(0, maximumLength)}…` : redacted;
}

function looksRandom(run: string): boolean {
  const mixed = /[a-z][A-Z].*[a-z][A-Z]/.test(run);
  return /\d/.test(run) || run.length >= 32 || (run.length >= 20 && mixed);
}

/** An error without what was sent, or is known to the provider, and may be in its words. */
export function withoutSecrets(
  { error, errorDescription }: OAuthError,
  secrets: readonly (Secret | undefined)[],
): OAuthError {
  // The longest first: of one that another begins with, a rest would be left.
  const found = secrets
    .map((secret) => secret?.reveal() ?? "")
    .filter((secret) => secret !== "")
    .sort((a, b) => b.length - a.length);
  const clean = (text: string): string =>
    found.reduce((line, secret) => line.replaceAll(secret, () => "[redacted]"), String(text));
  return { error: clean(error), ...defined("errorDescription", errorDescription && clean(errorDescription)) };
}

/** `invalid_client (The client is not known)`: a provider's error for a message. */
export function describe({ error, errorDescription }: OAuthError): string {
  const code = /^[\w.-]{1,64}$/.test(error) ? printable(error) : "an unreadable error";
  return errorDescription === undefined ? code : `${code} (${printable(errorDescription)})`;
}

/** The error for a token request that gave no tokens and did not end the grant. */
export function tokenRequestError(
  outcome: Exclude<TokenOutcome, { kind: "tokens" | "refused" }>,
  connector: string,
  now: number,
): GrantkeeperError {
  switch (outcome.kind) {
    case "rejected":
      return new GrantkeeperError(
        "provider_rejected",
        `The provider rejected the request of this client: ${describe(outcome.error)}. The grant is kept.`,
        { connector },
      );
    case "throttled":
      return new GrantkeeperError("provider_unavailable", "The provider asked for fewer requests.", {
        connector,
        retryAt: outcome.retryAt,
      });
    case "withheld":
      return new GrantkeeperError("lease_timeout", "It took so long that the lease would end during the request.", {
        connector,
        retryAt: new Date(now + 1_000),
      });
    case "unsent":
      return new GrantkeeperError("provider_unavailable", "The provider could not be reached.", {
        connector,
        cause: outcome.cause,
        retryAt: new Date(now + 5_000),
      });
    case "ambiguous":
      return new GrantkeeperError("provider_unavailable", "The provider gave no usable answer.", {
        connector,
        cause: outcome.cause,
        retryAt: outcome.retryAt,
      });
    case "invalid":
      if (outcome.keysUnavailable === true) {
        return new GrantkeeperError("provider_unavailable", "The provider's keys for its ID token could not be read.", {
          connector,
          cause: outcome.cause,
          retryAt: new Date(now + 5_000),
        });
      }
      return new GrantkeeperError("invalid_response", "The provider's token response cannot be used.", {
        connector,
        cause: outcome.cause,
      });
  }
}
