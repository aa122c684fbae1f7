import { GrantkeeperError } from "../errors.ts";
import type { SignInWishes } from "../provider/authorization-url.ts";

/** Throws `invalid_request` for what no provider could take. */
export function checkWishes({ prompt, loginHint, claims, acrValues, maxAge }: SignInWishes): void {
  const refuse = (problem: string): never => {
    throw new GrantkeeperError("invalid_request", problem);
  };
  for (const [name, value] of Object.entries({ prompt, loginHint })) {
    const fits = value === undefined || (typeof value === "string" && /^\P{Cc}{1,512}$/u.test(value));
    if (!fits) refuse(`${name} must be a line of at most 512 characters.`);
  }
  if (acrValues !== undefined && !acrValues.every((value) => /^[!-~]{1,255}$/.test(value))) {
    refuse("acrValues must be a list of values without spaces.");
  }
  if (maxAge !== undefined && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) refuse("maxAge must be whole seconds.");
  const isObject = typeof claims === "object" && claims !== null && !Array.isArray(claims);
  if (claims !== undefined && !(isObject && JSON.stringify(claims).length <= 4_096)) {
    refuse("claims must be a JSON object of at most 4 KiB.");
  }
}
