import type { Connector } from "../connector/types.ts";
import { expandTemplate } from "./server.ts";

/**
 * Whether a user's params decide whose host is called, as in `https://{host}/token`, so that only a guard can keep them
 * from an address of the application's own network. `https://{shop}.example.com` leaves that to the owner of example.com,
 * dots in the param or not. An emulator's URLs are its own.
 */
export function isHostOfParams(connector: Connector): boolean {
  if (connector.loopback === true) return false;
  const names = Object.keys(connector.params);
  const expanded = (template: string, value: string): string =>
    expandTemplate(template, Object.fromEntries(names.map((name) => [name, value])));
  return templatesOf(connector).some(
    (template) => domainOf(expanded(template, "one")) !== domainOf(expanded(template, "two")),
  );
}

function templatesOf(connector: Connector): readonly string[] {
  const { issuer, authorizationEndpoint, tokenEndpoint, refreshEndpoint } = connector;
  const { revocationEndpoint, userinfoEndpoint, jwksUri, apiBaseUrl, apiOrigins } = connector;
  const { deviceAuthorizationEndpoint, introspectionEndpoint, pushedAuthorizationRequestEndpoint } = connector;
  return [
    ...[issuer, authorizationEndpoint, tokenEndpoint, refreshEndpoint, revocationEndpoint, userinfoEndpoint, jwksUri],
    ...[deviceAuthorizationEndpoint, introspectionEndpoint, pushedAuthorizationRequestEndpoint],
    ...[apiBaseUrl, ...apiOrigins],
  ].filter((url) => url !== undefined);
}

/** Second labels under which a country's registry gives out names, as in `example.co.uk`. */
const publicSecondLabels = /^(?:ac|co|com|edu|go|gob|gouv|gov|ltd|mil|ne|net|or|org|plc|sch)$/;

/** The part of a host that its owner has registered: two labels, or three where the registry's own name has two. */
function domainOf(url: string): string | undefined {
  const labels = URL.parse(url)?.hostname.replace(/\.$/, "").split(".");
  const [second = "", top = ""] = labels?.slice(-2) ?? [];
  return labels?.slice(top.length === 2 && publicSecondLabels.test(second) ? -3 : -2).join(".");
}
