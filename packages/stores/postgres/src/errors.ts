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

const tablesMissing = "The store's tables are not there: run migrate().";
const loginRefused = "PostgreSQL lets the pool not in: look at its user, its password and the name of its database.";

/** By PostgreSQL's code: what whoever runs the application can do. */
const messages: Readonly<Record<string, string>> = {
  "42P01": tablesMissing,
  "3F000": tablesMissing,
  "42703": tablesMissing,
  "42501":
    "The pool's role lacks a right on the store's tables: grant it SELECT, INSERT, UPDATE and DELETE on each, and USAGE on their schema.",
  "25006":
    "PostgreSQL takes no writes from the pool's sessions: let the pool reach the primary, and let its role write (default_transaction_read_only).",
  "53100": "PostgreSQL's disk is full: make room there.",
  "53300": "PostgreSQL has no connection left: make the pools smaller, or raise max_connections.",
  "28000": loginRefused,
  "28P01": loginRefused,
  "3D000": loginRefused,
};

/** A foreign error as one of Grantkeeper's. Its message stays behind: PostgreSQL quotes values in it. */
export function unavailable(error: unknown): GrantkeeperError {
  if (error instanceof GrantkeeperError) return error;
  const code = codeOf(error);
  const message = messages[code ?? ""] ?? "PostgreSQL could not be asked, or refused.";
  return new GrantkeeperError("store_unavailable", message, {
    cause: causeOf(error),
    retryAt: new Date(Date.now() + 1_000),
  });
}

/**
 * What only whoever sets the database up can change, as `invalid_config`; other errors stay as they are. For migrations
 * only: an operation that is refused for the same reason must be tried again, as it may hold a token that is nowhere else.
 */
export function asConfigError(error: unknown, schema: string): unknown {
  const message = configMessageOf(codeOf(error), schema);
  return message === undefined ? error : new GrantkeeperError("invalid_config", message, { cause: causeOf(error) });
}

function configMessageOf(code: string | undefined, schema: string): string | undefined {
  switch (code) {
    case "42501": // insufficient_privilege
      return `The pool's role may not read or create what is in the schema ${schema}: ${howToGrant}`;
    case "42P07": // duplicate_table
      return `The schema ${schema} has tables of these names and no version: restore all of it, or name another schema.`;
    case "42P01": // undefined_table
    case "42703": // undefined_column
    case "42804": // datatype_mismatch
      return `The schema ${schema} holds something else than the store's tables: restore them, or name another schema.`;
    default:
      return undefined;
  }
}

/** What a role needs that does not own the tables. */
export const howToGrant: string =
  "run migrate() once with a role that may create, and grant this one USAGE on the schema and SELECT, INSERT, UPDATE and DELETE on its tables.";

function causeOf(error: unknown): Error {
  const code = codeOf(error);
  const name = error instanceof Error && /^[A-Za-z]{1,64}$/.test(error.name) ? error.name : "Error";
  const cause = new Error(code === undefined ? name : `${name} ${code}`);
  cause.stack = `Error: ${cause.message}`;
  return cause;
}
