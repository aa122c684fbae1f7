import * as openid from "openid-client";
import type { Connector } from "../connector/types.ts";
import { authenticator } from "./client-authentication.ts";
import type { Server } from "./server.ts";

/** A connector and its server as openid-client wants them. `now` in Unix milliseconds. Left out: the connector's own `authenticate`. */
export function configure(
  connector: Connector,
  target: Server,
  tokenEndpoint: string,
  now: () => number,
  authenticate: openid.ClientAuth = authenticator(connector.clientAuthentication, now),
): openid.Configuration {
  const { authorizationEndpoint, deviceAuthorizationEndpoint, pushedAuthorizationRequestEndpoint, jwksUri } = target;
  const metadata: openid.ServerMetadata = {
    // Without an issuer nothing is compared with this: it only has to be there.
    issuer: target.issuer ?? new URL(tokenEndpoint).origin,
    token_endpoint: tokenEndpoint,
    authorization_response_iss_parameter_supported: target.issParameterSupported,
    ...(authorizationEndpoint === undefined ? {} : { authorization_endpoint: authorizationEndpoint }),
    ...(deviceAuthorizationEndpoint === undefined
      ? {}
      : { device_authorization_endpoint: deviceAuthorizationEndpoint }),
    ...(pushedAuthorizationRequestEndpoint === undefined
      ? {}
      : { pushed_authorization_request_endpoint: pushedAuthorizationRequestEndpoint }),
    ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri }),
    ...(target.idTokenAlgorithms && { id_token_signing_alg_values_supported: [...target.idTokenAlgorithms] }),
  };
  const configuration = new openid.Configuration(
    metadata,
    connector.clientId,
    { [openid.clockSkew]: clockSkew(now), [openid.clockTolerance]: 60 },
    authenticate,
  );
  // Time is kept by the transport.
  configuration.timeout = 0;
  if (connector.loopback === true) openid.allowInsecureRequests(configuration);
  return configuration;
}

/** Seconds from the machine's clock to the keeper's. */
function clockSkew(now: () => number): number {
  return Math.round((now() - Date.now()) / 1000);
}

export interface Configurations {
  /** Lends the configuration for one request to a server's refresh endpoint. */
  use<Result>(
    connector: Connector,
    target: Server,
    work: (configuration: openid.Configuration) => Promise<Result>,
  ): Promise<Result>;
}

interface Idle {
  readonly configuration: openid.Configuration;
  /** Whose client it authenticates. */
  readonly connector: Connector;
  readonly skew: number;
}

const unprepared: openid.CustomFetch = () => Promise.reject(new Error("a request that nobody has prepared"));

/** So many are kept of a server that is never asked more often at once. */
const maximumIdle = 8;

/**
 * Makes a server's configurations for refreshes, and keeps them: each is a deep copy of all metadata, and serves one
 * request at a time.
 */
export function createConfigurations(now: () => number): Configurations {
  const idle = new WeakMap<Server, Idle[]>();
  return {
    async use(connector, target, work) {
      const skew = clockSkew(now);
      const kept = idle.get(target) ?? [];
      idle.set(target, kept);
      const last = kept.pop();
      const fits = last !== undefined && last.skew === skew && last.connector === connector;
      const configuration = fits ? last.configuration : configure(connector, target, target.refreshEndpoint, now);
      try {
        return await work(configuration);
      } finally {
        // It holds what was sent and what came of it.
        configuration[openid.customFetch] = unprepared;
        if (kept.length < maximumIdle) kept.push({ configuration, connector, skew });
      }
    },
  };
}
