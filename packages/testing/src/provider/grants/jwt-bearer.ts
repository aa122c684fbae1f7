import { issuerFor, type ProviderContext } from "../context.ts";
import { endpointsOf } from "../metadata.ts";
import { fillTemplate } from "../path-pattern.ts";
import { moveUrl } from "../point-at.ts";
import { grantedScopes, requestedScopes } from "../scopes.ts";
import { type GrantRequest, refuse, type TokenGrant } from "./grant.ts";
import type { JwtBearerOptions } from "./options.ts";
import { assertionVerifier } from "./verify-assertion.ts";

/** RFC 7523, section 2.1: an assertion about a user stands for the user's consent. */
export function jwtBearerGrant(context: ProviderContext, options: JwtBearerOptions): TokenGrant {
  const { connector, accounts, engine } = context;
  const verifyAssertion = assertionVerifier(options.issuers);
  /** The ids of assertions that were taken, by issuer, while this process lives. */
  const taken = new Set<string>();

  const audienceFor = (params: GrantRequest["params"]): string => {
    const issuer = issuerFor(context, params);
    const said = options.audience ?? (issuer === undefined ? "tokenEndpoint" : "issuer");
    if (said === "issuer") return issuer ?? "";
    const endpoint = moveUrl(endpointsOf(connector).token ?? "", context.origin);
    return said === "tokenEndpoint" ? fillTemplate(endpoint, params) : said;
  };
  const verify = (assertion: string, { params, at }: GrantRequest) =>
    verifyAssertion(assertion, {
      audience: audienceFor(params),
      currentDate: new Date(at),
      requiredClaims: ["iss", "exp", ...(options.issuerIsSubject === true ? [] : ["sub"])],
    });

  return {
    type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    request: "jwt_bearer",
    expected: undefined,
    clientAuthentication: "optional",
    identifies: false,
    judge: async (request) => {
      const { parameters, params } = request;
      const assertion = parameters.get("assertion");
      if (assertion === undefined) return refuse("invalid_request", "There is no assertion.");
      const payload = await verify(assertion, request);
      if (payload === undefined) return refuse("invalid_grant", "The assertion does not hold.");
      const { iss = "", jti } = payload;
      const sub = payload.sub ?? iss;
      const id = JSON.stringify([iss, jti]);
      if (jti !== undefined && taken.has(id)) {
        return { ...refuse("invalid_grant", "The assertion was used before."), reuse: true };
      }
      const account = accounts.find(sub) ?? accounts.listed.find(({ email }) => email === sub);
      if (account === undefined) return refuse("invalid_grant", "The subject of the assertion is unknown.");
      if (jti !== undefined) taken.add(id);
      const asked = parameters.has("scope") ? requestedScopes(context, parameters) : { default: connector.scopes };
      const scopes = grantedScopes(context, asked);
      return {
        issued: engine.issue({ accountId: account.id, scopes, params, refreshTokens: options.refreshTokens === true }),
      };
    },
  };
}
