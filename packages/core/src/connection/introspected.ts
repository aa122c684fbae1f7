import type { Connector } from "../connector/types.ts";
import type { Logger } from "../events.ts";
import type { OpenGrant } from "../grant/grant.ts";
import type { Grants } from "../grant/grants.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { ProviderRequests } from "../provider/requests.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import type { TokenSet } from "../provider/token-response.ts";

export interface IntrospectedOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerRequests: ProviderRequests;
  readonly logger: Logger;
  readonly now: () => number;
}

/** What a provider says of access tokens whose end no token response named (RFC 7662). */
export interface Introspected {
  /** The token set with the end that is known of it, if any. Asks nobody. */
  known(tokenSet: TokenSet): TokenSet;
  /** The same, after the provider was asked once, where its connector has an introspection endpoint. */
  look(open: OpenGrant, tokenSet: TokenSet): Promise<TokenSet>;
}

const rememberedTokens = 10_000;
/** For how long a provider that could not say is left alone. */
const pauseMs = 30_000;

export function createIntrospected(options: IntrospectedOptions): Introspected {
  const { connectors, grants, tokenEndpoint, providerRequests, logger, now } = options;
  const answers = new Map<string, { readonly expiresAt: number | undefined; readonly until: number }>();
  const asked = new Map<string, Promise<void>>();

  function known(tokenSet: TokenSet): TokenSet {
    if (tokenSet.expiresAt !== undefined || answers.size === 0) return tokenSet;
    const expiresAt = answers.get(grants.hashAccessToken(tokenSet))?.expiresAt;
    return expiresAt === undefined ? tokenSet : { ...tokenSet, expiresAt };
  }

  async function ask({ grant }: OpenGrant, connector: Connector, tokenSet: TokenSet, key: string): Promise<void> {
    const server = await tokenEndpoint.server(connector, grant.params);
    const said = await providerRequests.introspect(connector, server, tokenSet.accessToken);
    if (said === undefined) {
      // The token may be good: whoever has it finds out at the API.
      logger.warn("An access token could not be introspected", { connector: grant.connector });
    }
    // A token without an end is asked about again after a while: it may have been revoked.
    const expiresAt = said?.active === false ? now() : said?.expiresAt;
    answers.set(key, { expiresAt, until: expiresAt === undefined ? now() + pauseMs : Number.POSITIVE_INFINITY });
    const [oldest] = answers.keys();
    if (answers.size > rememberedTokens && oldest !== undefined) answers.delete(oldest);
  }

  async function look(open: OpenGrant, tokenSet: TokenSet): Promise<TokenSet> {
    if (tokenSet.expiresAt !== undefined) return tokenSet;
    const connector = await connectors.get(open.grant.connector, open.grant.owner);
    if (connector.introspectionEndpoint === undefined) return tokenSet;
    const key = grants.hashAccessToken(tokenSet);
    const answer = answers.get(key);
    if (answer === undefined || answer.until <= now()) {
      let asking = asked.get(key);
      if (asking === undefined) {
        asking = ask(open, connector, tokenSet, key).finally(() => asked.delete(key));
        asked.set(key, asking);
      }
      await asking;
    }
    return known(tokenSet);
  }

  return { known, look };
}
