import { judgeAuthorizationRequest } from "./authorization-request.ts";
import { type Answer, consentPage, formPostPage } from "./consent-page.ts";
import { type IncomingRequest, issuerFor, type ProviderContext } from "./context.ts";
import { errorPage } from "./page.ts";
import { single } from "./parameters.ts";
import { createPendingConsents, readDecision } from "./pending-consents.ts";
import { grantedScopes, requestedScopes, type ScopesBySet } from "./scopes.ts";

interface PendingConsent {
  readonly query: ReadonlyMap<string, string>;
  readonly params: Readonly<Record<string, string>>;
  readonly requested: ScopesBySet;
}

/** Serves the authorization endpoint (RFC 6749, section 3.1): the consent page and what it posts. */
export function authorizationEndpoint(context: ProviderContext): (request: IncomingRequest) => Promise<Response> {
  const { connector, emulation, options, engine, accounts } = context;
  const pending = createPendingConsents<PendingConsent>();

  const begin = async (request: IncomingRequest): Promise<Response> => {
    const sent = single(request.url.searchParams);
    if (sent === undefined) return errorPage(connector.name, "A parameter of the authorization request is repeated.");
    const query = resolve(sent);
    if (typeof query === "string") return errorPage(connector.name, query);
    const problem = judgeAuthorizationRequest(connector, query);
    if (problem?.redirects === false) return errorPage(connector.name, problem.description);
    const requested = requestedScopes(context, query);
    const consent: PendingConsent = { query, params: request.params, requested };
    if (problem) return respond(consent, failure(problem.error, problem.description));
    if (options.signInAs !== undefined) return approve(consent, options.signInAs, requested);

    const { name: provider, clientId } = connector;
    return consentPage({ provider, clientId, id: pending.add(consent), accounts: accounts.listed, requested });
  };

  /** What a `request_uri` stands for (RFC 9126, section 4), in place of all that is sent beside it; else what is wrong. */
  const resolve = (sent: ReadonlyMap<string, string>): ReadonlyMap<string, string> | string => {
    const requestUri = sent.get("request_uri");
    if (requestUri === undefined) {
      return options.requirePar === true ? "This provider takes pushed authorization requests only." : sent;
    }
    if (sent.get("client_id") !== connector.clientId) return "The client_id is unknown.";
    return context.pushedRequests.take(requestUri, context.now()) ?? "The request_uri is unknown, used or too old.";
  };

  const finish = async (request: IncomingRequest): Promise<Response> => {
    const form = new URLSearchParams(request.body);
    const consent = pending.take(form);
    if (consent === undefined) {
      return errorPage(connector.name, "This page was answered already or is too old. Go back to the application.");
    }
    const decision = readDecision(form, consent.requested);
    if (decision === undefined) return respond(consent, failure("access_denied", "The user said no."));
    return approve(consent, decision.accountId, decision.chosen);
  };

  const approve = async (consent: PendingConsent, accountId: string, chosen: ScopesBySet): Promise<Response> => {
    const account = accounts.find(accountId);
    if (account === undefined) return errorPage(connector.name, "There is no such account.");
    const scopes = grantedScopes(context, chosen);
    const withheld =
      emulation?.refreshTokenOnFirstConsentOnly === true &&
      !(consent.query.get("prompt") ?? "").split(" ").includes("consent") &&
      engine.holdsRefreshToken(account.id);
    const code = engine.issueCode({
      accountId: account.id,
      scopes,
      redirectUri: consent.query.get("redirect_uri") ?? "",
      codeChallenge: consent.query.get("code_challenge"),
      nonce: consent.query.get("nonce"),
      params: consent.params,
      refreshTokens: context.refreshTokens && !withheld,
    });
    await context.save();
    return respond(consent, { code });
  };

  const respond = (consent: PendingConsent, answer: Answer): Response => {
    const state = consent.query.get("state");
    const issuer = issuerFor(context, consent.params);
    const all = {
      ...answer,
      ...(state === undefined ? {} : { state }),
      ...(issuer === undefined ? {} : { iss: issuer }),
    };
    const redirectUri = consent.query.get("redirect_uri") ?? "";
    if (consent.query.get("response_mode") === "form_post") return formPostPage(connector.name, redirectUri, all);
    const target = new URL(redirectUri);
    for (const [name, value] of Object.entries(all)) target.searchParams.append(name, value);
    return new Response(null, { status: 303, headers: { location: target.href, "cache-control": "no-store" } });
  };

  return async (request) => {
    if (request.method === "GET") return begin(request);
    if (request.method === "POST") return finish(request);
    return new Response(null, { status: 405, headers: { allow: "GET, POST" } });
  };
}

function failure(error: string, description: string): Answer {
  return { error, error_description: description };
}
