import type { ProviderResponse } from "../connector/provider-request.ts";
import type { Environment } from "../environment.ts";
import { causeWithoutSecrets, type GrantkeeperError } from "../errors.ts";
import { isBodyOverLimit, refusalOf } from "./guard.ts";
import { parseBody } from "./token-response.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What is needed of a `Response`. */
export interface Answer extends Pick<Response, "status" | "headers"> {
  readonly body: AnswerBody | null;
}

interface AnswerBody {
  getReader(): {
    read(): Promise<{ readonly done?: boolean | undefined; readonly value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
  };
  cancel(): Promise<void>;
}

/** Sends a request once `mayLeave` has said that it may; asks it right before the first byte leaves. */
export type Send = (url: string, init: RequestInit, mayLeave: () => boolean) => Promise<Answer>;

/** Drops a byte order mark, which JSON does not allow. */
const utf8 = new TextDecoder();

export const maximumBodyBytes: number = 1024 * 1024;

/** How a request to a provider went, below the meaning of its answer. */
export type Transfer =
  | { readonly kind: "answered"; readonly response: ProviderResponse }
  /** It was no longer allowed to leave when it could have. */
  | { readonly kind: "withheld"; readonly cause: Error }
  /**
   * The request never left: no name, no connection, no TLS. Sending it again is safe in any case, and of no use where a
   * guard refused it.
   */
  | { readonly kind: "unsent"; readonly cause: Error; readonly refusal?: GrantkeeperError }
  /** It may have arrived, or the answer was lost: a reset, a time-out. */
  | { readonly kind: "ambiguous"; readonly cause: Error }
  /** It was answered by what no provider should send: a redirect, or a body over the limit. */
  | { readonly kind: "unusable"; readonly status: number; readonly cause: Error };

export interface TransferLimits {
  /** The whole time from sending to the last byte. */
  readonly timeoutMs: number;
  readonly after: Environment["after"];
  /** Asked as late as possible; left out, it always may. */
  readonly maySend?: () => boolean;
}

/** Sends one request, follows no redirect, and reads the whole answer under a limit of size and time. Never throws. */
export async function transfer(
  send: Send,
  url: string,
  init: RequestInit,
  { timeoutMs, after, maySend = () => true }: TransferLimits,
): Promise<Transfer> {
  const controller = new AbortController();
  const { signal } = controller;
  // Raced, since an application's own fetch may not heed its signal.
  const deadline = Promise.withResolvers<never>();
  const cancel = afterLastLook(after, timeoutMs, () => {
    const reason = new DOMException("deadline", "TimeoutError");
    deadline.reject(reason);
    controller.abort(reason);
  });
  const progress: { step: "before" | "withheld" | "left" } = { step: "before" };
  const mayLeave = (): boolean => {
    progress.step = !signal.aborted && maySend() ? "left" : "withheld";
    return progress.step === "left";
  };
  try {
    return await Promise.race([deadline.promise, answerOf(send, url, init, signal, mayLeave)]);
  } catch (error) {
    const cause = causeWithoutSecrets(error);
    const refusal = refusalOf(error);
    if (refusal !== undefined) return { kind: "unsent", cause, refusal };
    // What is asked whether it may leave only once it can: whatever fails before has not left.
    if (progress.step === "withheld") return { kind: signal.aborted ? "unsent" : "withheld", cause };
    return progress.step === "before" || isUnsent(error) ? { kind: "unsent", cause } : { kind: "ambiguous", cause };
  } finally {
    cancel();
  }
}

/**
 * Runs `task` after `ms`, the last of them on a timer of their own: a process that stood still finds its timers due before
 * it has read what lies in its sockets, and an answer may be among it. Not AbortSignal.timeout, which would let the process
 * end meanwhile.
 */
function afterLastLook(after: Environment["after"], ms: number, task: () => void): () => void {
  const lastLookMs = Math.min(250, ms / 20);
  let cancel = after(ms - lastLookMs, () => {
    cancel = after(lastLookMs, task);
  });
  return () => cancel();
}

async function answerOf(
  send: Send,
  url: string,
  init: RequestInit,
  signal: AbortSignal,
  mayLeave: () => boolean,
): Promise<Transfer> {
  const response = await send(url, { ...init, redirect: "manual", signal }, mayLeave);
  const { status, headers } = response;
  const redirected = status >= 300 && status < 400;
  if (redirected || signal.aborted) {
    void response.body?.cancel().catch(() => undefined);
    const cause = new Error(redirected ? `redirect with status ${status}` : "an answer after the deadline");
    return { kind: "unusable", status, cause };
  }
  const body = await readLimited(response, signal);
  if (body === undefined) return { kind: "unusable", status, cause: new Error(`body over ${maximumBodyBytes} bytes`) };
  return { kind: "answered", response: { status, headers, body: parseBody(headers.get("content-type"), body) } };
}

/** When to try again: what `Retry-After` says (RFC 9110, section 10.2.3), else `fallbackMs` from now. */
export function retryAfter(headers: Headers, now: number, fallbackMs = 5_000): Date {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(value)) return new Date(now + Number(value) * 1000);
  const date = value.length <= 40 && /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  return new Date(Number.isFinite(date) && date > now ? date : now + fallbackMs);
}

/** Reads a body as text, or `undefined` where it is over the limit; it waits for no end of a body that it gives up. */
export async function readLimited(response: Pick<Answer, "body">, signal?: AbortSignal): Promise<string | undefined> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body.getReader();
  const release = (): void => void reader.cancel().catch(() => undefined);
  signal?.addEventListener("abort", release, { once: true });
  for (;;) {
    const { done, value } = await reader.read().catch(endAtLimit);
    if (done) break;
    if (value === undefined) return undefined;
    size += value.byteLength;
    if (size > maximumBodyBytes) {
      release();
      return undefined;
    }
    chunks.push(value);
  }
  return utf8.decode(Buffer.concat(chunks));
}

/** A guard that counts as well may come first. */
function endAtLimit(error: unknown): { readonly done: false; readonly value: undefined } {
  if (isBodyOverLimit(error)) return { done: false, value: undefined };
  throw error;
}

const unsentCodes: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What the system says of a connection that does not come about, and also of one that breaks later. */
const connectionCodes: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"]);

function isUnsent(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth === 5) return false;
  // Of a name with several addresses: its own code is only the first attempt's.
  if (error instanceof AggregateError) {
    return error.errors.length > 0 && error.errors.every((attempt) => isUnsent(attempt, depth + 1));
  }
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  if (typeof code === "string") {
    if (unsentCodes.has(code)) return true;
    if (connectionCodes.has(code) && (syscall === "connect" || syscall === "getaddrinfo")) return true;
  }
  return isUnsent(error.cause, depth + 1);
}
