import { GrantkeeperError } from "@grantkeeper/core";

/** PostgreSQL's code of an error (SQLSTATE), or that of the network, such as `ECONNREFUSED`. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z0-9_]{2,64}$/.test(code) ? code : undefined;
}

/** Serialization failure and deadlock: the statement was rolled back, and the same one may succeed now. */
export function mayBeRepeated(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01";
}

/** A foreign error as one of Grantkeeper's. Its message stays behind: PostgreSQL quotes values in it. */
export function unavailable(error: unknown): GrantkeeperError {
  if (error instanceof GrantkeeperError) return error;
  const code = codeOf(error);
  const name = error instanceof Error && /^[A-Za-z]{1,64}$/.test(error.name) ? error.name : "Error";
  const cause = new Error(code === undefined ? name : `${name} ${code}`);
  cause.stack = `Error: ${cause.message}`;
  const message =
    code === "42P01" || code === "3F000" || code === "42703"
      ? "The store's tables are not there: run migrate()."
      : "PostgreSQL could not be asked, or refused.";
  return new GrantkeeperError("store_unavailable", message, { cause, retryAt: new Date(Date.now() + 1_000) });
}
