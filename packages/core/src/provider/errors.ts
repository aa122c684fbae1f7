import type { OAuthError } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { TokenOutcome } from "./token-answer.ts";

const maximumRead = 2_000;
/** Beside what breaks a line, what turns the direction of writing: a line of a log would read as another one. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;

/** Makes remote text fit for a message: one line, short, and without anything that looks like a credential. */
export function printable(text: string, maximumLength = 200): string {
  const line = text.slice(0, maximumRead).replace(unprintable, " ");
  const redacted = line.replace(/[\w.~+/=%-]+/g, (run, from: number) => {
    // What the end of the reading cuts short is too short to be told from a word.
    const isCut = text.length > maximumRead && from + run.length === line.length;
    return isCut || (run.length >= 12 && looksRandom(run)) ? "[redacted]" : run;
  });
  const short = redacted.length > maximumLength ? `${redacted.slice(0, maximumLength)}…` : redacted;
  return short.toWellFormed();
}

function looksRandom(run: string): boolean {
  const mixed = /[a-z][A-Z].*[a-z][A-Z]/.test(run);
  return /\d/.test(run) || run.length >= 32 || (run.length >= 20 && mixed);
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
