import { AsyncLocalStorage } from "node:async_hooks";
import { GrantkeeperError } from "./errors.ts";

const actors = new AsyncLocalStorage<string>();

/** Runs work whose acts are those of an actor, as the application names its people and parts. */
export function runAs<Result>(actor: string, work: () => Result): Result {
  return actors.run(checkActor(actor), work);
}

/** Who acts now; `undefined` where the application has not said so. */
export function currentActor(): string | undefined {
  return actors.getStore();
}

export function checkActor(actor: string, code: "invalid_request" | "invalid_config" = "invalid_request"): string {
  if (typeof actor === "string" && /^[\x20-\x7e]{1,255}$/.test(actor)) return actor;
  throw new GrantkeeperError(code, "actor must be 1 to 255 printable characters.");
}
