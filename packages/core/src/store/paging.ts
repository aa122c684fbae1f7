import { GrantkeeperError } from "../errors.ts";

/** Throws `invalid_request` for a page of less than 1 or more than 1000. */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return;
  throw new GrantkeeperError("invalid_request", "A page has 1 to 1000 rows.");
}

/** The end of the names that begin with a prefix, by code points: the first text that comes after all of them. */
export function endOfPrefix(prefix: string): string {
  const points = [...prefix].map((character) => character.codePointAt(0) ?? 0);
  const last = points.pop();
  if (last === undefined || last === 0x10ffff) {
    throw new GrantkeeperError(
      "invalid_request",
      "A prefix has at least one character, and does not end with the last.",
    );
  }
  // No character stands between these two.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}
