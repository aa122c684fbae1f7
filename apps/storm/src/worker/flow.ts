import { AsyncLocalStorage } from "node:async_hooks";

/** All that one call of the application sets off, in whatever order its promises run. */
export interface Flow {
  readonly id: number;
  /** Whose connection is asked for; a consent may not have one yet. */
  readonly connection: string | undefined;
  /** Consents go around the faults between the keeper and the provider. */
  readonly purpose: "token" | "consent" | "other";
  /** The token request that it made last. */
  request: string | undefined;
}

const storage = new AsyncLocalStorage<Flow>();
let count = 0;

/** Runs work as a flow of its own. */
export function inFlow<Result>(given: Pick<Flow, "connection" | "purpose">, work: () => Result): Result {
  return storage.run({ ...given, id: ++count, request: undefined }, work);
}

/** The flow that is running; what belongs to none, such as a keeper that opens, has the number 0. */
export function currentFlow(): Flow {
  return storage.getStore() ?? { id: 0, connection: undefined, purpose: "other", request: undefined };
}
