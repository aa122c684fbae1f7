import type { Connector } from "../connector/types.ts";
import type { Grant } from "./grants.ts";

/** Scopes that were asked for in a token set and are not covered by what was granted. */
export function missingScopes(connector: Connector | undefined, tokenSet: string, grant: Grant): string[] {
  const granted = new Set(grant.tokenSets[tokenSet]?.scopes);
  const includes = connector?.scopeIncludes ?? {};
  for (const scope of granted) {
    // A Set visits what is added while it is walked, so what a scope includes is followed all the way down.
    const included = Object.hasOwn(includes, scope) ? includes[scope] : undefined;
    for (const name of included ?? []) granted.add(name);
  }
  return (grant.requestedScopes[tokenSet] ?? []).filter((scope) => !granted.has(scope));
}

/** What a start asks for, by token set. */
export function requestedScopes(connector: Connector): Readonly<Record<string, readonly string[]>> {
  const others = Object.entries<{ readonly scopes: readonly string[] } | undefined>(connector.tokenSets);
  return {
    default: connector.scopes,
    ...Object.fromEntries(others.flatMap(([name, set]) => (set === undefined ? [] : [[name, set.scopes]]))),
  };
}
