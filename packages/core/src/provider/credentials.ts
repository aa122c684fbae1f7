import type { CredentialInput } from "../connector/credentials.ts";
import type { Connector } from "../connector/types.ts";
import { causeWithoutSecrets, GrantkeeperError } from "../errors.ts";
import { mapValues } from "../map-values.ts";
import { type Secret, secretOf } from "../secret.ts";
import type { Server } from "./server.ts";
import type { ReceivedTokenSets } from "./token-answer.ts";
import type { CredentialExchange } from "./token-endpoint.ts";
import { normaliseTokenResponse } from "./token-response.ts";

type Kept = Readonly<Record<string, Secret>>;

/** How an access token is asked for with credentials. Throws `invalid_config` where the connector cannot say. */
export function credentialExchangeOf(
  connector: Connector,
  server: Server,
  params: Readonly<Record<string, string>>,
  credentials: Kept,
): Omit<CredentialExchange, "maySend"> {
  const { credentials: grant } = connector;
  if (grant === undefined || grant.kind === "static") throw noExchange(connector);
  const request = described(connector, () => grant.request(inputOf(connector, server, params, credentials)));
  return { request, secrets: Object.values(credentials) };
}

/** The credentials as the token that they are. */
export function staticTokens(
  connector: Connector,
  server: Server,
  params: Readonly<Record<string, string>>,
  credentials: Kept,
): ReceivedTokenSets {
  const { credentials: grant } = connector;
  if (grant?.kind !== "static") throw noExchange(connector);
  const { accessToken, tokenType } = described(connector, () =>
    grant.token(inputOf(connector, server, params, credentials)),
  );
  const token = normaliseTokenResponse({ access_token: accessToken, token_type: tokenType });
  if (token.access_token === undefined) throw noExchange(connector);
  return { default: { ...token, access_token: token.access_token } };
}

export function secretsOf(credentials: Readonly<Record<string, string>>): Kept {
  return mapValues(credentials, secretOf);
}

function inputOf(
  { scopes, clientId }: Connector,
  { tokenEndpoint }: Server,
  params: Readonly<Record<string, string>>,
  credentials: Kept,
): CredentialInput {
  const given = mapValues(credentials, (value) => value.reveal());
  return { credentials: given, params, scopes, clientId, tokenEndpoint };
}

/** A hook that trips over credentials, such as a key file that is none, has the input to blame. */
function described<Result>(connector: Connector, describe: () => Result): Result {
  try {
    return describe();
  } catch (error) {
    throw new GrantkeeperError("invalid_request", `These are no credentials for "${connector.id}".`, {
      cause: causeWithoutSecrets(error),
    });
  }
}

function noExchange({ id }: Connector): GrantkeeperError {
  return new GrantkeeperError("invalid_config", `Connector "${id}" does not say how its credentials give a token.`);
}
