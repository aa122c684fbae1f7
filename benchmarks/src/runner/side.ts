import type { JsonObject } from "@grantkeeper/core";

/** What one round has measured, by its name. */
export type Figures = Readonly<Record<string, number>>;

/** One of those that are compared, in a process of its own. */
export interface Side {
  /** Before each round, untimed, in the first process of the side alone; all its processes get what this returns. */
  prepare?(): Promise<JsonObject>;
  /** After that, untimed, in all processes. */
  ready?(prepared: JsonObject): Promise<void>;
  /** Begins at `startAt`, in Unix milliseconds, where several processes begin together. */
  round(prepared: JsonObject, startAt: number): Promise<Figures>;
  /** After each round, untimed, in the first process alone. */
  conclude?(prepared: JsonObject): Promise<Figures>;
  close?(): Promise<void>;
}

/** What a side's module exports as `open`: makes it ready, warm included. */
export type OpenSide = (settings: JsonObject) => Promise<Side>;
