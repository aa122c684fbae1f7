import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { isGrantkeeperError } from "../errors.ts";
import type { StepUp } from "../grant/grant.ts";
import { mapValues } from "../map-values.ts";
import type { Server } from "../provider/server.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import { type TokenSet, toTokenSet } from "../provider/token-response.ts";
import type { Refresh } from "../refresh/refresh.ts";
import { type Secret, sameSecret } from "../secret.ts";
import { type AbandonOptions, abandonTokens } from "./abandon-tokens.ts";
import type { NewConsent, SavedConsent } from "./connect.ts";

export interface CompleteOptions extends AbandonOptions {
  readonly connect: (consent: NewConsent) => Promise<SavedConsent>;
  readonly refresh: Refresh;
  readonly now: () => number;
}

/** For whom and for what tokens were asked, in whatever way. */
export interface Request {
  readonly connectorKey: string;
  readonly connector: Connector;
  readonly server: Server;
  readonly owner: string;
  readonly params: Readonly<Record<string, string>>;
  readonly requestedScopes: Readonly<Record<string, readonly string[]>>;
  /** Beside those of the connector. */
  readonly addedScopes: Readonly<Record<string, readonly string[]>>;
  readonly metadata: JsonObject | undefined;
  readonly connectionId: string | undefined;
  readonly stepUp: StepUp | undefined;
  /** What the tokens were had with, where that was no consent: as given, and as much of it as is kept. */
  readonly credentials?: {
    readonly given: Readonly<Record<string, string>>;
    readonly kept: Readonly<Record<string, Secret>> | undefined;
  };
}

/** Makes a connection of a token request's outcome, and returns its id. Throws `refused(outcome)` for one without tokens. */
export type Complete = (
  request: Request,
  outcome: TokenOutcome,
  refused: (outcome: Exclude<TokenOutcome, { kind: "tokens" }>) => Error,
) => Promise<string>;

export function createComplete(options: CompleteOptions): Complete {
  const { providerRequests, logger, now } = options;

  /** A refresh token that was taken over from before the reconnect is tried at once, while the user is here. */
  async function prove(connectionId: string, name: string, received: TokenSet | undefined): Promise<void> {
    try {
      await options.refresh.refresh(connectionId, name, (set) => sameSecret(set.accessToken, received?.accessToken), {
        patience: "tries once",
      });
    } catch (error) {
      if (!isGrantkeeperError(error) || error.remedy !== "retry") throw error;
      // The consent itself is saved and its access token is good; the next refresh tries again.
      logger.warn("A kept refresh token could not be tried yet", { connectionId, code: error.code });
    }
  }

  return async ({ credentials, ...request }, outcome, refused) => {
    const { connector, server, params } = request;
    const tokenSets = tokenSetsOf(connector, outcome, request.requestedScopes, now());
    if (outcome.kind !== "tokens") {
      await abandonTokens(options, connector, server, tokenSets);
      throw refused(outcome);
    }
    const { tokenResponse, idTokenClaims } = outcome;
    const facts = { tokenSets, tokenResponse, idTokenClaims, params, credentials: credentials?.given };
    const account = await providerRequests.identify(connector, server, facts).catch(async (error: unknown) => {
      await abandonTokens(options, connector, server, tokenSets);
      throw error;
    });
    const subject = idTokenClaims?.["sub"];
    const saved = await options.connect({
      ...request,
      tokenSets,
      account,
      subject: typeof subject === "string" ? subject : undefined,
      credentials: credentials?.kept,
      live: "replace",
    });
    for (const name of saved.unproven) await prove(saved.connectionId, name, tokenSets[name]);
    return saved.connectionId;
  };
}

function tokenSetsOf(
  connector: Connector,
  outcome: TokenOutcome,
  requested: Readonly<Record<string, readonly string[]>>,
  now: number,
): Record<string, TokenSet> {
  const received = "tokenSets" in outcome ? outcome.tokenSets : undefined;
  return mapValues(received ?? {}, (response, name) =>
    toTokenSet(response, {
      now,
      requestedScopes: requested[name] ?? [],
      previous: undefined,
      accessTokenLifetime: connector.accessTokenLifetime,
      refreshTokenLifetime: connector.refreshTokenLifetime,
    }),
  );
}
