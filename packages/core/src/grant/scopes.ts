import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import { mapValues } from "../map-values.ts";
import { checkScope } from "../provider/connectors.ts";
import type { Grant } from "./grant.ts";

/** Scopes that were asked for in a token set, or are now, and are not covered by what was granted. */
export function missingScopes(
  connector: Connector | undefined,
  tokenSet: string,
  grant: Grant,
  wanted: readonly string[] = grant.requestedScopes[tokenSet] ?? [],
): string[] {
  const granted = new Set(grant.tokenSets[tokenSet]?.scopes);
  const includes = connector?.scopeIncludes ?? {};
  for (const scope of granted) {
    // A Set visits what is added while it is walked, so what a scope includes is followed all the way down.
    const included = Object.hasOwn(includes, scope) ? includes[scope] : undefined;
    for (const name of included ?? []) granted.add(name);
  }
  return wanted.filter((scope) => !granted.has(scope));
}

type ScopesBySet = Readonly<Record<string, readonly string[]>>;

/** What a start asks for, by token set: what the connector names, and what was added since. */
export function requestedScopes(connector: Connector, added: ScopesBySet = {}): ScopesBySet {
  const others: Readonly<Record<string, { readonly scopes: readonly string[] } | undefined>> = connector.tokenSets;
  return joinScopes({ default: connector.scopes, ...mapValues(others, (set) => set?.scopes) }, added);
}

/** Scopes beside the connector's: those that were added before, and those of this start. Throws `invalid_request`. */
export function addScopes(
  connector: Connector,
  before: ScopesBySet = {},
  more: readonly string[] | ScopesBySet = {},
): ScopesBySet {
  const bySet: ScopesBySet = isList(more) ? { default: more } : more;
  for (const [name, scopes] of Object.entries(bySet)) {
    if (name !== "default" && !Object.hasOwn(connector.tokenSets, name)) {
      throw new GrantkeeperError("invalid_request", "Scopes are asked for in a token set that this connector lacks.");
    }
    if (!isList(scopes) || scopes.length > 500) throw notScopes();
    for (const scope of scopes) checkScope(scope, notScopesNow);
  }
  return joinScopes(before, bySet);
}

function joinScopes(one: ScopesBySet, other: ScopesBySet): ScopesBySet {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries(
    [...names].map((name) => [name, [...new Set([...(one[name] ?? []), ...(other[name] ?? [])])]]),
  );
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}

function notScopes(): GrantkeeperError {
  return new GrantkeeperError("invalid_request", "scopes holds something else than scopes (RFC 6749, section 3.3).");
}

function notScopesNow(): never {
  throw notScopes();
}
