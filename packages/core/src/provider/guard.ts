import { type ErrorCode, GrantkeeperError, isGrantkeeperError } from "../errors.ts";

/** Sends a request, and asks `mayLeave` right before its first byte leaves. */
export type GuardedSend = (url: string, init: RequestInit, mayLeave: () => boolean) => Promise<Response>;

// By Symbol.for, so that another installed copy of this package is understood too.
const brand = Symbol.for("grantkeeper.guardedFetch");
const reason = Symbol.for("grantkeeper.guardReason");

/** Makes a `fetch` known as one that guards. `send` is the same with the keeper's own limits of time. */
export function brandGuarded(fetch: typeof globalThis.fetch, send: GuardedSend): typeof globalThis.fetch {
  return Object.defineProperty(fetch, brand, { value: send });
}

/** `undefined` of a `fetch` that does not guard. */
export function guardedSendOf(fetch: unknown): GuardedSend | undefined {
  const send: unknown = typeof fetch === "function" ? Reflect.get(fetch, brand) : undefined;
  return typeof send === "function" ? (send as GuardedSend) : undefined;
}

export function isGuardedFetch(fetch: unknown): boolean {
  return guardedSendOf(fetch) !== undefined;
}

/** Nothing was sent, and nothing would be if it was tried again. */
export function guardRefusal(message: string, code: ErrorCode = "invalid_request"): GrantkeeperError {
  return withReason(new GrantkeeperError(code, message), "refused");
}

export function bodyOverLimit(maximumBytes: number): GrantkeeperError {
  return withReason(new GrantkeeperError("invalid_response", `The answer is over ${maximumBytes} bytes.`), "overLimit");
}

/** What a guard refused, if that is why a request failed. */
export function refusalOf(error: unknown): GrantkeeperError | undefined {
  return isGrantkeeperError(error) && Reflect.get(error, reason) === "refused" ? error : undefined;
}

export function isBodyOverLimit(error: unknown): boolean {
  return isGrantkeeperError(error) && Reflect.get(error, reason) === "overLimit";
}

function withReason(error: GrantkeeperError, value: "refused" | "overLimit"): GrantkeeperError {
  return Object.defineProperty(error, reason, { value });
}
