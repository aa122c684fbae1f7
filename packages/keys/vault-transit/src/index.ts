import { GrantkeeperError, isGrantkeeperError, type KeyContext, type KeyProvider } from "@grantkeeper/core";
import {
  fieldOf,
  foreign,
  isCiphertext,
  keyOf,
  readBody,
  type TransitAnswer,
  toError,
  unavailable,
} from "./transit.ts";

export interface VaultTransitOptions {
  /** How the key is named in what is sealed: 1 to 64 letters, digits, dots, hyphens and underscores. */
  readonly id: string;
  /** Vault's address, such as `https://vault.example.com:8200`; http on the loopback interface only. */
  readonly address: string;
  /** The name of the transit key, of a type with associated data: `aes256-gcm96` (the default) or `chacha20-poly1305`. */
  readonly key: string;
  /** A Vault token, or what gives a present one. It is asked again once after Vault has refused it. */
  readonly token: string | (() => string | Promise<string>);
  /** Where the transit engine is mounted. Default `transit`. */
  readonly mount?: string;
  /** The namespace, in Vault Enterprise and OpenBao. */
  readonly namespace?: string;
  /** Seconds for one request. Default 5. */
  readonly timeout?: number;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A key in the transit engine of HashiCorp Vault or OpenBao, for `createKeeper({ keys })`: it never leaves there. Throws
 * `invalid_config` for options that make no sense; the key itself is first asked for when it is used.
 * https://developer.hashicorp.com/vault/api-docs/secret/transit (checked on 2026-11-25).
 */
export function vaultTransit(options: VaultTransitOptions): KeyProvider {
  const { id, namespace, fetch = globalThis.fetch } = options;
  const endpoint = endpointOf(options);
  const timeoutMs = timeoutOf(options.timeout);

  async function send(
    operation: "encrypt" | "decrypt",
    content: Readonly<Record<string, string>>,
  ): Promise<TransitAnswer> {
    const token = typeof options.token === "function" ? await options.token() : options.token;
    const response = await fetch(endpoint(operation), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-vault-token": token,
        ...(namespace === undefined ? {} : { "x-vault-namespace": namespace }),
      },
      body: JSON.stringify(content),
      // A standby server redirects to the active one, by an address that nobody has checked.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { status, headers } = response;
    return { status, retryAfter: headers.get("retry-after"), body: await readBody(response) };
  }

  async function ask(
    operation: "encrypt" | "decrypt",
    content: Readonly<Record<string, string>>,
  ): Promise<TransitAnswer> {
    let answer: TransitAnswer;
    try {
      answer = await send(operation, content);
      if (answer.status === 403 && typeof options.token === "function") answer = await send(operation, content);
    } catch (error) {
      if (isGrantkeeperError(error)) throw error;
      // What fetch says may quote what was sent.
      throw unavailable("Vault could not be reached.", new Date(Date.now() + 1_000));
    }
    if (answer.status === 200) return answer;
    throw toError(answer, Date.now());
  }

  return {
    id,
    async wrap(key, context) {
      const plaintext = Buffer.from(key).toString("base64");
      const answer = await ask("encrypt", { plaintext, associated_data: associatedData(context) });
      const ciphertext = fieldOf(answer, "ciphertext");
      if (isCiphertext(ciphertext)) return Buffer.from(ciphertext);
      throw unavailable("Vault's answer has no ciphertext.");
    },
    async unwrap(wrapped, context) {
      const ciphertext = Buffer.from(wrapped).toString("utf8");
      // Vault reads version 0 as 1, and overlooks line ends: what was changed so is not what was wrapped.
      if (!isCiphertext(ciphertext)) throw foreign();
      const answer = await ask("decrypt", { ciphertext, associated_data: associatedData(context) });
      return keyOf(fieldOf(answer, "plaintext"));
    },
  };
}

/** What the ciphertext is bound to: it opens with the same key id and version only. */
function associatedData({ keyId, version }: KeyContext): string {
  return Buffer.from(JSON.stringify(["grantkeeper key-encryption key", keyId, version])).toString("base64");
}

function endpointOf({ address, key, mount = "transit" }: VaultTransitOptions): (operation: string) => string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const loopback = url !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && loopback);
  if (url === undefined || !secure || url.username !== "" || url.search !== "" || url.hash !== "") {
    throw invalid("address must be an https URL (http on localhost) without user, query or fragment.");
  }
  if (!isName(key)) throw invalid("key must be the name of a transit key.");
  if (!mount.split("/").every(isName)) throw invalid("mount must be the path of a transit engine.");
  const base = `${url.href.replace(/\/+$/, "")}/v1/${mount}`;
  return (operation) => `${base}/${operation}/${key}`;
}

/** No step of a path that leads elsewhere. */
function isName(name: string): boolean {
  return /^[\w.-]{1,256}$/.test(name) && !/^\.+$/.test(name);
}

function timeoutOf(seconds = 5): number {
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 300) return seconds * 1000;
  throw invalid("timeout holds seconds, 300 at most.");
}

function invalid(message: string): GrantkeeperError {
  return new GrantkeeperError("invalid_config", message);
}
