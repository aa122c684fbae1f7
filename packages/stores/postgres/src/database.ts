import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { GrantkeeperError } from "@grantkeeper/core";
import { codeOf, mayBeRepeated, unavailable } from "./errors.ts";
import type { PostgresPool, PostgresResult } from "./pool.ts";
import type { Columns } from "./rows.ts";

export type Value = string | number | Uint8Array | readonly string[] | null;

export interface Question<Answer> {
  readonly statement: string;
  readonly values: readonly Value[];
  /** Whether it is planned once for each connection: for what no statistics of the table could make slow. */
  readonly prepared?: boolean;
  read(rows: readonly Columns[]): Answer;
  /** The answer when a unique index refuses the change. */
  readonly ifNotUnique?: Answer;
}

/** Runs statements of the pool until it is closed; whatever fails comes out as a `GrantkeeperError`. */
export interface Database {
  ask<Answer>(question: Question<Answer>): Promise<Answer>;
  /** Runs what needs more than one statement. */
  run<Result>(operation: () => Promise<Result>): Promise<Result>;
  /** Lets what runs end, and takes no more. */
  close(): Promise<void>;
}

const maxAttempts = 6;
const uniqueViolation = "23505";
/**
 * Of what is behind a pooler that hands a session's statements to another: the prepared one is not there, is there already,
 * or was planned for a table that has changed. None of them has run.
 */
const notPrepared: ReadonlySet<string | undefined> = new Set(["26000", "42P05", "0A000"]);

export function createDatabase(pool: PostgresPool): Database {
  const running = new Set<Promise<unknown>>();
  const names = new Map<string, string>();
  let closed = false;
  let prepares = true;

  function nameOf(statement: string): string {
    const known = names.get(statement);
    if (known !== undefined) return known;
    const name = `grantkeeper_${createHash("sha256").update(statement).digest("base64url").slice(0, 22)}`;
    names.set(statement, name);
    return name;
  }

  async function query(statement: string, values: unknown[], prepared: boolean): Promise<PostgresResult> {
    if (!prepared || !prepares) return pool.query(statement, values);
    try {
      return await pool.query({ name: nameOf(statement), text: statement, values });
    } catch (error) {
      if (!notPrepared.has(codeOf(error))) throw error;
      prepares = false;
      return pool.query(statement, values);
    }
  }

  async function run<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (closed) throw new GrantkeeperError("closed", "The store is closed.");
    const work = repeated(operation);
    running.add(work);
    try {
      return await work;
    } catch (error) {
      throw unavailable(error);
    } finally {
      running.delete(work);
    }
  }

  return {
    run,
    async ask({ statement, values, prepared = false, read, ifNotUnique }) {
      const parameters = values.map(toParameter);
      return run(async () => {
        try {
          return read((await query(statement, parameters, prepared)).rows);
        } catch (error) {
          if (ifNotUnique !== undefined && codeOf(error) === uniqueViolation) return ifNotUnique;
          throw error;
        }
      });
    },
    async close() {
      closed = true;
      await Promise.allSettled(running);
    },
  };
}

async function repeated<Result>(operation: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      if (attempt === maxAttempts || !mayBeRepeated(error)) throw error;
      await delay(Math.random() * 10 * 2 ** attempt);
    }
  }
}

function toParameter(value: Value): unknown {
  // A copy: the pool may send it later, and the caller may have changed its bytes by then.
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === "string") return checkedText(value);
  if (typeof value === "number" || value === null) return value;
  return value.map(checkedText);
}

/** PostgreSQL keeps no NUL in a text, and half a surrogate pair would turn into another id's character. */
function checkedText(text: string): string {
  if (text.includes("\0") || !text.isWellFormed()) {
    throw new GrantkeeperError("invalid_request", "An id or a name holds NUL or half a character.");
  }
  return text;
}
