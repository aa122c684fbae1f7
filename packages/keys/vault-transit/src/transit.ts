import { GrantkeeperError } from "@grantkeeper/core";

/** What the transit engine answered. */
export interface TransitAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** `undefined` where it is no JSON object. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export const maximumAnswerBytes: number = 64 * 1024;

/** The field of `data` that a successful answer must have. */
export function fieldOf({ body }: TransitAnswer, name: "plaintext" | "ciphertext"): string {
  const data = body?.["data"];
  const value = isObject(data) ? data[name] : undefined;
  if (typeof value === "string") return value;
  throw unavailable(`Vault's answer has no ${name}.`);
}

/** What the engine calls a ciphertext, in the one form that it writes: the version of its key, and base64. */
export function isCiphertext(text: string): boolean {
  return (
    text.length <= maximumAnswerBytes &&
    /^vault:v[1-9]\d{0,9}:(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  );
}

/** The 32 bytes of an unwrapped key. */
export function keyOf(plaintext: string): Uint8Array {
  const bytes = /^[A-Za-z0-9+/]{43}=$/.test(plaintext) ? Buffer.from(plaintext, "base64") : undefined;
  if (bytes?.byteLength === 32) return bytes;
  throw new GrantkeeperError("decryption_failed", "Vault did not give back a key of 32 bytes.");
}

/** What Vault says of a ciphertext that is not one of this key with this associated data. */
const foreignCiphertext = /message authentication failed|invalid ciphertext|cipher.*failed|unable to decrypt/i;

export function foreign(): GrantkeeperError {
  return new GrantkeeperError("decryption_failed", "Vault does not open this key: it was wrapped by another one.");
}

/** What it says of one whose version is below `min_decryption_version`: whoever set that may lower it again. */
const retired = /disallowed by policy/i;

/**
 * What a failure means. Vault's own words are read and not shown: they may hold what was sent. Statuses:
 * https://developer.hashicorp.com/vault/api-docs#http-status-codes (checked on 2026-11-25).
 */
export function toError({ status, retryAfter, body }: TransitAnswer, now: number): GrantkeeperError {
  const errors = Array.isArray(body?.["errors"]) ? body["errors"].filter((text) => typeof text === "string") : [];
  if (status === 400 && errors.some((text) => foreignCiphertext.test(text))) {
    return foreign();
  }
  if (status === 400 && errors.some((text) => retired.test(text))) {
    return new GrantkeeperError(
      "invalid_config",
      "Vault opens nothing that so old a version of the transit key has wrapped: its min_decryption_version is above it.",
    );
  }
  switch (status) {
    case 403:
      return new GrantkeeperError("invalid_config", "Vault refuses this token the use of the transit key.");
    case 404:
      return new GrantkeeperError("invalid_config", "Vault has no transit engine, or no key of that name, there.");
    case 400:
    case 405:
      return new GrantkeeperError("invalid_config", `Vault rejects the request (status ${status}).`);
    default:
      return unavailable(`Vault could not be used (status ${status}).`, retryAt(retryAfter, now));
  }
}

export function unavailable(message: string, at?: Date): GrantkeeperError {
  return new GrantkeeperError("keys_unavailable", message, at === undefined ? {} : { retryAt: at });
}

function retryAt(value: string | null, now: number): Date {
  const seconds = value !== null && /^\d{1,6}$/.test(value.trim()) ? Number(value) : 1;
  return new Date(now + seconds * 1000);
}

/** Reads an answer's body: an object of at most 64 KiB, or `undefined`. */
export async function readBody(response: Response): Promise<Readonly<Record<string, unknown>> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (size > maximumAnswerBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
