import type { ProviderResponse } from "../connector/types.ts";
import { causeWithoutSecrets } from "../errors.ts";
import { parseBody } from "./token-response.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export const maximumBodyBytes: number = 1024 * 1024;

/** How a request to a provider went, below the meaning of its answer. */
export type Transfer =
  | { readonly kind: "answered"; readonly response: ProviderResponse }
  /** The request never left: no name, no connection, no TLS. Sending it again is safe in any case. */
  | { readonly kind: "unsent"; readonly cause: Error }
  /** It may have arrived, or the answer was lost: a reset, a time-out. */
  | { readonly kind: "ambiguous"; readonly cause: Error }
  /** It was answered by what no provider should send: a redirect, or a body over the limit. */
  | { readonly kind: "unusable"; readonly status: number; readonly cause: Error };

export interface TransferLimits {
  /** The whole time from sending to the last byte. */
  readonly timeoutMs: number;
  readonly maximumBytes?: number;
  /** Ends the request early; whether it had been sent is then unknown. */
  readonly signal?: AbortSignal | undefined;
}

/** Sends one request, follows no redirect, and reads the whole answer under a limit of size and time. Never throws. */
export async function transfer(
  fetch: Fetch,
  url: string,
  init: RequestInit,
  { timeoutMs, maximumBytes = maximumBodyBytes, signal }: TransferLimits,
): Promise<Transfer> {
  const controller = new AbortController();
  // Not AbortSignal.timeout: its timer does not keep the process alive, so the deadline could be missed.
  const timer = setTimeout(() => controller.abort(new DOMException("deadline", "TimeoutError")), timeoutMs);
  const signals = signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]);
  try {
    const response = await fetch(url, { ...init, redirect: "manual", signal: signals });
    if (response.status >= 300 && response.status < 400) {
      void response.body?.cancel().catch(() => undefined);
      return { kind: "unusable", status: response.status, cause: new Error(`redirect with status ${response.status}`) };
    }
    const body = await readLimited(response, maximumBytes);
    if (body === undefined) {
      return { kind: "unusable", status: response.status, cause: new Error(`body over ${maximumBytes} bytes`) };
    }
    return {
      kind: "answered",
      response: {
        status: response.status,
        headers: response.headers,
        body: parseBody(response.headers.get("content-type"), body),
      },
    };
  } catch (error) {
    const cause = causeWithoutSecrets(error);
    return isUnsent(error) ? { kind: "unsent", cause } : { kind: "ambiguous", cause };
  } finally {
    clearTimeout(timer);
  }
}

/** When to try again: what `Retry-After` says (RFC 9110, section 10.2.3), else `fallbackMs` from now. */
export function retryAfter(headers: Headers, now: number, fallbackMs = 5_000): Date {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(value)) return new Date(now + Number(value) * 1000);
  const date = value.length <= 40 && /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  return new Date(Number.isFinite(date) && date > now ? date : now + fallbackMs);
}

async function readLimited(response: Response, maximumBytes: number): Promise<string | undefined> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maximumBytes) {
      await reader.cancel().catch(() => undefined);
      return undefined;
    }
    chunks.push(value);
  }
  // Drops a byte order mark, which JSON does not allow.
  return new TextDecoder().decode(Buffer.concat(chunks));
}

const unsentCodes: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

function isUnsent(error: unknown): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; depth++) {
    const code: unknown = (current as { code?: unknown }).code;
    if (typeof code === "string" && unsentCodes.has(code)) return true;
    current = current.cause;
  }
  return false;
}
