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
    // As openid-client hands it to a fetch, which tells the token request by it.
    token_endpoint: new URL(tokenEndpoint).href,
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
    { [openid.clockSkew]: Math.round((now() - Date.now()) / 1000), [openid.clockTolerance]: 60 },
    authenticate,
  );
  // Time is kept by the transport.
  configuration.timeout = 0;
  if (connector.loopback === true) openid.allowInsecureRequests(configuration);
  return configuration;
}
