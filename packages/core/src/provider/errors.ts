import type { OAuthError } from "../connector/types.ts";
import { causeWithoutSecrets, GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { retryAfter, type Transfer } from "./http.ts";
import type { TokenOutcome } from "./token-answer.ts";
import { defined, isObject } from "./token-response.ts";

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

/** A guard's refusal, as the error of a connector. */
export function refusedRequest({ code, message }: GrantkeeperError, connector: string): GrantkeeperError {
  return new GrantkeeperError(code, message, { connector });
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
    case "unproven":
      return new GrantkeeperError(outcome.error.code, outcome.error.message, {
        connector,
        cause: outcome.error.cause,
        retryAt: outcome.error.retryAt,
      });
    case "unsent":
      if (outcome.refusal !== undefined) return refusedRequest(outcome.refusal, connector);
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

/** The error for a request to another endpoint than the token endpoint, of which nothing depends yet. */
export function endpointError(what: string, sent: Transfer | undefined, error: unknown, now: number): GrantkeeperError {
  const own = isGrantkeeperError(error) ? error : error instanceof Error ? error.cause : undefined;
  if (isGrantkeeperError(own)) return own;
  const cause = causeWithoutSecrets(error);
  if (sent?.kind !== "answered") {
    const unusable = sent?.kind === "unusable";
    return new GrantkeeperError(unusable ? "invalid_response" : "provider_unavailable", `${what}: no usable answer.`, {
      cause: sent?.cause ?? cause,
      ...(unusable ? {} : { retryAt: new Date(now + 5_000) }),
    });
  }
  const { status, headers, body } = sent.response;
  if (status >= 500 || status === 429 || status === 408) {
    const retryAt = retryAfter(headers, now);
    return new GrantkeeperError("provider_unavailable", `${what}: status ${status}.`, { cause, retryAt });
  }
  const code = isObject(body) ? body["error"] : undefined;
  if (typeof code !== "string") {
    return new GrantkeeperError("invalid_response", `${what}: the answer cannot be used.`, { cause });
  }
  const description = isObject(body) ? body["error_description"] : undefined;
  const said = describe({ error: code, ...(typeof description === "string" ? { errorDescription: description } : {}) });
  return new GrantkeeperError("provider_rejected", `${what}: ${said}.`, { cause });
}
