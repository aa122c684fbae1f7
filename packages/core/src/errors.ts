/** What an application does about an error. */
export type Remedy = "reconnect" | "restart" | "retry" | "fix_input" | "fix_config" | "report" | "none";

export type ErrorCode =
  | "not_connected"
  | "reauthorization_required"
  | "consent_denied"
  | "account_mismatch"
  | "scope_missing"
  | "state_mismatch"
  | "flow_expired"
  | "provider_unavailable"
  | "store_unavailable"
  | "keys_unavailable"
  | "connector_unavailable"
  | "lease_timeout"
  | "invalid_request"
  | "credentials_refused"
  | "ambiguous_connection"
  | "invalid_config"
  | "provider_rejected"
  | "not_permitted"
  | "decryption_failed"
  | "invalid_response"
  | "aborted"
  | "closed";

const remedies: Readonly<Record<ErrorCode, Remedy>> = {
  not_connected: "reconnect",
  reauthorization_required: "reconnect",
  consent_denied: "reconnect",
  account_mismatch: "reconnect",
  scope_missing: "reconnect",
  state_mismatch: "restart",
  flow_expired: "restart",
  provider_unavailable: "retry",
  store_unavailable: "retry",
  keys_unavailable: "retry",
  connector_unavailable: "retry",
  lease_timeout: "retry",
  invalid_request: "fix_input",
  credentials_refused: "fix_input",
  ambiguous_connection: "fix_input",
  invalid_config: "fix_config",
  provider_rejected: "fix_config",
  not_permitted: "fix_config",
  decryption_failed: "report",
  invalid_response: "report",
  aborted: "none",
  closed: "none",
};

export interface ErrorDetails {
  /** What lies behind it: shown by its name, code and message only where those cannot hold a secret. */
  readonly cause?: unknown;
  /** The connector's key in the keeper. */
  readonly connector?: string | undefined;
  /** Not before this time is another try worth it (`retry` only). */
  readonly retryAt?: Date | undefined;
  /** The connections among which the caller must choose (`ambiguous_connection` only). */
  readonly connectionIds?: readonly string[] | undefined;
}

const brand = Symbol.for("grantkeeper.error");

/**
 * The one error that Grantkeeper throws. Branch on `remedy`, or on `code` where you must; both are stable.
 * No field, message or cause holds a token, a code, a verifier or a client secret.
 */
export class GrantkeeperError extends Error {
  readonly code: ErrorCode;
  readonly remedy: Remedy;
  readonly connector: string | undefined;
  readonly retryAt: Date | undefined;
  readonly connectionIds: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "GrantkeeperError";
    this.code = code;
    this.remedy = remedies[code];
    this.connector = details.connector;
    this.retryAt = details.retryAt;
    this.connectionIds = details.connectionIds;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Whether a caught value is a {@link GrantkeeperError}, also one of another installed copy of this package. */
export function isGrantkeeperError(value: unknown): value is GrantkeeperError {
  return typeof value === "object" && value !== null && brand in value;
}

/**
 * The names and codes along a foreign error's chain of causes, as an error of its own. Messages are left behind: those
 * of an HTTP client or a JSON parser may quote a URL, a header or a body.
 */
export function causeWithoutSecrets(error: unknown): Error {
  const parts: string[] = [];
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 5; depth++) {
    const code: unknown = (current as { code?: unknown }).code;
    const known = typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(code);
    const name = /^[A-Za-z]{1,64}$/.test(current.name) ? current.name : "Error";
    parts.push(known ? `${name} ${code}` : name);
    current = current.cause;
  }
  const summary = new Error(parts.join(" < ") || typeof error);
  summary.stack = `Error: ${summary.message}`;
  return summary;
}
