/** The part of a `pg` pool that is used, so that any installed copy of pg, or another driver of that form, fits. */
export interface PostgresPool {
  query(query: string | PreparedQuery, values?: unknown[]): Promise<PostgresResult>;
  connect(): Promise<PostgresClient>;
}

/** One connection of the pool; only `migrate` takes one for longer than a statement. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>;
  /** With an error: the connection is not used again. */
  release(error?: Error): void;
  on?(event: "error", listener: (error: Error) => void): unknown;
  off?(event: "error", listener: (error: Error) => void): unknown;
}

export interface PostgresResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
}

/** A statement that each connection of the pool parses and plans once, under its name. */
export interface PreparedQuery {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}
