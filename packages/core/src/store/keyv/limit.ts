import { GrantkeeperError } from "../../errors.ts";

export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return;
  throw new GrantkeeperError("invalid_request", "A page has 1 to 1000 rows.");
}
