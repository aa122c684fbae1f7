import { type Connector, GrantkeeperError } from "@grantkeeper/core";
import {
  type ClientKey,
  type ConnectorKey,
  clientKeys,
  createConnectors,
  type SampleConnectors,
} from "./connectors.ts";
import type { Settings } from "./settings.ts";

/** What an emulated provider changes about its connector. No function is in it, so that another process can be told. */
export type Addresses = Pick<
  Connector,
  | "issuer"
  | "authorizationEndpoint"
  | "tokenEndpoint"
  | "refreshEndpoint"
  | "revocationEndpoint"
  | "deviceAuthorizationEndpoint"
  | "userinfoEndpoint"
  | "jwksUri"
  | "apiBaseUrl"
  | "apiOrigins"
  | "rotation"
  | "loopback"
>;

/** Those of the providers that are emulated. */
export type EmulatedAddresses = Readonly<Partial<Record<ConnectorKey, Addresses>>>;

export function addressesOf(connector: Connector): Addresses {
  const { issuer, authorizationEndpoint, tokenEndpoint, refreshEndpoint, revocationEndpoint } = connector;
  const { deviceAuthorizationEndpoint, userinfoEndpoint, jwksUri } = connector;
  const { apiBaseUrl, apiOrigins, rotation, loopback } = connector;
  return {
    ...{ issuer, authorizationEndpoint, tokenEndpoint, refreshEndpoint, revocationEndpoint },
    ...{ deviceAuthorizationEndpoint, userinfoEndpoint, jwksUri, apiBaseUrl, apiOrigins, rotation, loopback },
  };
}

/**
 * The connectors of a process that emulates nothing itself: each at the emulated provider of another one, or at the real
 * one with a client of `clients`. Throws `invalid_config` where that has none.
 */
export function connectorsAt(emulated: EmulatedAddresses, clients: Settings["clients"]): SampleConnectors {
  for (const key of clientKeys) {
    if (emulated[key] !== undefined || clients[key] !== undefined) continue;
    const name = key.toUpperCase();
    throw new GrantkeeperError("invalid_config", `Set ${name}_CLIENT_ID and ${name}_CLIENT_SECRET in the environment.`);
  }
  // At an emulated provider there is one client only, whatever the environment says.
  const client = (key: ClientKey) => (emulated[key] === undefined ? clients[key] : undefined);
  const real = createConnectors({ github: client("github"), google: client("google"), slack: client("slack") });
  return {
    github: moved(real.github, emulated.github),
    google: moved(real.google, emulated.google),
    slack: moved(real.slack, emulated.slack),
    brevo: moved(real.brevo, emulated.brevo),
  };
}

/** What a connector's hooks ask for is relative to `apiBaseUrl`, and so comes along. */
function moved<C extends Connector>(connector: C, addresses: Addresses | undefined): C {
  return Object.freeze({ ...connector, ...addresses });
}
