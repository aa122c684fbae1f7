import type { Refusal } from "../../engine/engine.ts";
import type { IssuedGrant } from "../../engine/issue.ts";
import { issuerFor, type ProviderContext } from "../context.ts";
import { type Granted, type GrantRequest, refuse, type TokenGrant } from "./grant.ts";
import type { TokenExchangeOptions } from "./options.ts";

/** Token type identifiers (RFC 8693, section 3). */
const accessToken = "urn:ietf:params:oauth:token-type:access_token";
const refreshToken = "urn:ietf:params:oauth:token-type:refresh_token";
const idToken = "urn:ietf:params:oauth:token-type:id_token";

interface Subject {
  readonly accountId: string;
  readonly scopes: readonly string[];
}

/** RFC 8693: a token that speaks for an account becomes another one, with the same scopes or fewer. */
export function tokenExchangeGrant(context: ProviderContext, options: TokenExchangeOptions): TokenGrant {
  const { connector, engine } = context;

  const lookUp = (token: string, type: string): Subject | undefined => {
    const listed = options.subjectTokens?.find((known) => known.token === token && known.type === type);
    if (listed) return { accountId: listed.accountId, scopes: listed.scopes ?? connector.scopes };
    const own = type === accessToken ? engine.useAccessToken(token) : undefined;
    return own?.kind === "live" ? { accountId: own.grant.accountId, scopes: own.scopes } : undefined;
  };
  // RFC 8693, section 2.2.2: a token that is not good makes the request invalid.
  const holderOf = (parameters: GrantRequest["parameters"], role: "subject" | "actor"): Subject | Refusal => {
    const token = parameters.get(`${role}_token`);
    const type = parameters.get(`${role}_token_type`);
    if (token === undefined || type === undefined) {
      return refuse("invalid_request", `There is no ${role}_token with its type.`);
    }
    return lookUp(token, type) ?? refuse("invalid_request", `The ${role}_token is not good here.`);
  };

  return {
    type: "urn:ietf:params:oauth:grant-type:token-exchange",
    request: "token_exchange",
    expected: undefined,
    clientAuthentication: "required",
    identifies: false,
    judge: async ({ parameters, params }) => {
      const subject = holderOf(parameters, "subject");
      if ("error" in subject) return subject;
      if (parameters.has("actor_token") || parameters.has("actor_token_type")) {
        const actor = holderOf(parameters, "actor");
        if ("error" in actor) return actor;
      }
      for (const name of ["audience", "resource"]) {
        const target = parameters.get(name);
        if (target !== undefined && options.targets?.includes(target) === false) {
          return refuse("invalid_target", `The ${name} is unknown.`);
        }
      }
      const scopes = parameters.get("scope")?.split(connector.scopeSeparator).filter(Boolean) ?? subject.scopes;
      if (scopes.some((scope) => !subject.scopes.includes(scope))) {
        return refuse("invalid_scope", "The subject_token has not all of these scopes.");
      }
      const type = parameters.get("requested_token_type") ?? accessToken;
      return issue(context, type, { ...subject, scopes }, params);
    },
  };
}

async function issue(
  context: ProviderContext,
  type: string,
  { accountId, scopes }: Subject,
  params: GrantRequest["params"],
): Promise<Granted | Refusal> {
  const { connector, engine, accounts, signer, now, emulation } = context;
  const issueWith = (refreshTokens: boolean) =>
    engine.issue({ accountId, scopes: { default: scopes }, params, refreshTokens });

  if (type === accessToken) return { issued: issueWith(false), fields: { issued_token_type: type } };
  if (emulation?.accessTokenTypes?.includes(type)) {
    return { issued: issueWith(context.refreshTokens), fields: { issued_token_type: type } };
  }
  if (type === refreshToken) {
    const issued = issueWith(true);
    return alone(type, issued, issued.tokenSets["default"]?.refreshToken);
  }
  const issuer = issuerFor(context, params);
  const account = accounts.find(accountId);
  if (type !== idToken || signer === undefined || issuer === undefined || account === undefined) {
    return refuse("invalid_request", "This provider issues no token of the requested_token_type.");
  }
  const { clientId } = connector;
  const signed = await signer.sign({ issuer, clientId, account, scopes, nonce: undefined, now: now() });
  return alone(type, issueWith(false), signed);
}

/** A token that is no access token takes the place of one in the answer (RFC 8693, section 2.2.1). */
function alone(type: string, issued: IssuedGrant, token: string | undefined): Granted {
  const { default: set } = issued.tokenSets;
  if (set === undefined || token === undefined) throw new Error("No token was issued.");
  const tokenSets = { default: { ...set, accessToken: token, refreshToken: undefined, expiresInSeconds: undefined } };
  return { issued: { ...issued, tokenSets }, fields: { issued_token_type: type, token_type: "N_A" } };
}
