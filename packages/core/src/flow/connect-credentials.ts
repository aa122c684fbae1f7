import type { JsonObject } from "../connector/json.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Grants } from "../grant/grants.ts";
import { notConnected } from "../grant/leases.ts";
import { requestedScopes } from "../grant/scopes.ts";
import { type Connectors, checkCredentials, checkParams } from "../provider/connectors.ts";
import { credentialExchangeOf, secretsOf, staticTokens } from "../provider/credentials.ts";
import { describe, tokenRequestError } from "../provider/errors.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import type { Complete } from "./complete.ts";
import { checkOwner } from "./flow.ts";

/** What `keeper.connect` takes. */
export interface CredentialConnect {
  readonly owner: string;
  readonly credentials?: Readonly<Record<string, string>> | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** Gives this connection other credentials of the same account. */
  readonly connectionId?: string | undefined;
  /** Kept with the connection, for the application. */
  readonly metadata?: JsonObject | undefined;
}

export interface CredentialConnectOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly tokenEndpoint: TokenEndpoint;
  readonly complete: Complete;
  readonly now: () => number;
}

/** Makes a connection of credentials that the provider accepts, and returns its id. */
export function createCredentialConnect(
  options: CredentialConnectOptions,
): (connectorKey: string, request: CredentialConnect) => Promise<string> {
  const { connectors, grants, tokenEndpoint, complete, now } = options;

  return async (connectorKey, { connectionId, metadata, ...request }) => {
    connectors.assertKnown(connectorKey);
    const owner = checkOwner(request.owner);
    const connector = await connectors.get(connectorKey, owner);
    const given = checkCredentials(connector, request.credentials);
    const previous = connectionId === undefined ? undefined : await grants.read(connectionId);
    if (connectionId !== undefined) {
      if (previous?.grant.owner !== owner || previous.grant.connector !== connectorKey) throw notConnected();
    }
    const params = checkParams(connector, request.params ?? previous?.grant.params);
    await grants.ready();
    const server = await tokenEndpoint.server(connector, params);
    const secrets = secretsOf(given);
    const isStatic = connector.credentials?.kind === "static";
    const outcome: TokenOutcome = isStatic
      ? {
          kind: "tokens",
          tokenSets: staticTokens(connector, server, params, secrets),
          tokenResponse: {},
          idTokenClaims: undefined,
        }
      : await tokenEndpoint.exchangeCredentials(connector, server, {
          ...credentialExchangeOf(connector, server, params, secrets),
          maySend: () => true,
        });
    const kept = connector.credentials?.kind === "kept" ? secrets : undefined;
    const requested = requestedScopes(connector);
    return complete(
      {
        ...{ connectorKey, connector, server, owner, params, metadata, connectionId },
        ...{ requestedScopes: requested, addedScopes: {}, stepUp: undefined, credentials: { given, kept } },
      },
      outcome,
      (failed) => credentialError(failed, connectorKey, now()),
    );
  };
}

function credentialError(
  outcome: Exclude<TokenOutcome, { kind: "tokens" }>,
  connector: string,
  now: number,
): GrantkeeperError {
  if (outcome.kind !== "refused") return tokenRequestError(outcome, connector, now);
  const said = describe(outcome.error);
  return new GrantkeeperError("credentials_refused", `The provider does not accept these credentials: ${said}.`, {
    connector,
  });
}
