import type { Connector, ProviderEmulation } from "@grantkeeper/core/connector";
import type { ProviderOptions } from "./options.ts";

/** Scopes by token set. */
export type ScopesBySet = Readonly<Record<string, readonly string[]>>;

/** The scopes that a request asks for, as the connector's emulation reads them. */
export function requestedScopes(
  { connector, emulation }: { readonly connector: Connector; readonly emulation: ProviderEmulation | undefined },
  parameters: ReadonlyMap<string, string>,
): ScopesBySet {
  const asked = emulation?.requestedScopes?.(new URLSearchParams([...parameters])) ?? {
    default: (parameters.get("scope") ?? "").split(connector.scopeSeparator),
  };
  const requested: Record<string, readonly string[]> = {};
  for (const [name, scopes] of Object.entries(asked)) {
    const unique = [...new Set(scopes.map((scope) => scope.trim()).filter(Boolean))];
    if (unique.length > 0) requested[name] = unique;
  }
  return Object.keys(requested).length > 0 ? requested : { default: [] };
}

/** What is granted of the scopes that were chosen. A user may grant nothing; the client still gets a token, with no scope. */
export function grantedScopes({ options }: { readonly options: ProviderOptions }, chosen: ScopesBySet): ScopesBySet {
  const scopes: Record<string, readonly string[]> = {};
  for (const [name, ticked] of Object.entries(chosen)) {
    const granted = options.grantedScopes?.(ticked, name) ?? ticked;
    if (granted.length > 0) scopes[name] = granted;
  }
  return Object.keys(scopes).length > 0 ? scopes : { [Object.keys(chosen)[0] ?? "default"]: [] };
}
