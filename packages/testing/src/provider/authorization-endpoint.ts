import { randomBytes } from "node:crypto";
import { type Answer, consentPage, errorPage, formPostPage, type RequestedScopes } from "./consent-page.ts";
import { type IncomingRequest, issuerFor, type ProviderContext } from "./context.ts";
import { single } from "./parameters.ts";

interface PendingConsent {
  readonly query: ReadonlyMap<string, string>;
  readonly params: Readonly<Record<string, string>>;
  readonly requested: RequestedScopes;
  readonly startedAt: number;
}

const pendingLifetime = 10 * 60 * 1000;

/** Serves the authorization endpoint (RFC 6749, section 3.1): the consent page and what it posts. */
export function authorizationEndpoint(context: ProviderContext): (request: IncomingRequest) => Promise<Response> {
  const { connector, emulation, options, engine, accounts } = context;
  const pending = new Map<string, PendingConsent>();

  const begin = async (request: IncomingRequest): Promise<Response> => {
    const query = single(request.url.searchParams);
    if (query === undefined) return errorPage(connector.name, "A parameter of the authorization request is repeated.");
    if (query.get("client_id") !== connector.clientId) return errorPage(connector.name, "The client_id is unknown.");
    if (!isRedirectUri(query.get("redirect_uri"))) {
      return errorPage(connector.name, "The redirect_uri must be an https URL, or an http one of this machine.");
    }
    if (query.get("response_type") !== "code") return errorPage(connector.name, "The response_type must be code.");
    const mode = query.get("response_mode");
    if (mode !== undefined && mode !== "query" && mode !== "form_post") {
      return errorPage(connector.name, "The response_mode must be query or form_post.");
    }

    const challenge = query.get("code_challenge");
    const requested = requestedScopes(context, request.url.searchParams);
    const consent: PendingConsent = { query, params: request.params, requested, startedAt: Date.now() };
    if (challenge !== undefined && connector.pkce !== "S256") {
      return respond(consent, failure("invalid_request", "This provider refuses PKCE."));
    }
    if (challenge !== undefined && (query.get("code_challenge_method") !== "S256" || !/^[\w-]{43}$/.test(challenge))) {
      return respond(consent, failure("invalid_request", "The code_challenge must be one of S256."));
    }
    if (options.signInAs !== undefined) return approve(consent, options.signInAs, requested);

    const id = randomBytes(24).toString("base64url");
    for (const [key, { startedAt }] of pending) if (Date.now() > startedAt + pendingLifetime) pending.delete(key);
    pending.set(id, consent);
    return consentPage({
      provider: connector.name,
      clientId: connector.clientId,
      id,
      accounts: accounts.listed,
      requested,
    });
  };

  const finish = async (request: IncomingRequest): Promise<Response> => {
    const form = new URLSearchParams(request.body);
    const id = form.get("consent") ?? "";
    const consent = pending.get(id);
    pending.delete(id);
    if (consent === undefined) {
      return errorPage(connector.name, "This page was answered already or is too old. Go back to the application.");
    }
    if (form.get("decision") !== "allow") return respond(consent, failure("access_denied", "The user said no."));
    const chosen = Object.entries(consent.requested).map(([name, scopes]) => [
      name,
      scopes.filter((scope) => form.getAll(`scope:${name}`).includes(scope)),
    ]);
    return approve(consent, form.get("account") ?? "", Object.fromEntries(chosen));
  };

  const approve = async (
    consent: PendingConsent,
    accountId: string,
    chosen: Readonly<Record<string, readonly string[]>>,
  ): Promise<Response> => {
    const account = accounts.find(accountId);
    if (account === undefined) return errorPage(connector.name, "There is no such account.");
    const scopes: Record<string, readonly string[]> = {};
    for (const [name, ticked] of Object.entries(chosen)) {
      const granted = options.grantedScopes?.(ticked, name) ?? ticked;
      if (granted.length > 0) scopes[name] = granted;
    }
    // A user may grant nothing of what was asked; the client still gets a token, with no scope.
    if (Object.keys(scopes).length === 0) scopes[Object.keys(chosen)[0] ?? "default"] = [];
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

function requestedScopes({ connector, emulation }: ProviderContext, query: URLSearchParams): RequestedScopes {
  const asked = emulation?.requestedScopes?.(query) ?? {
    default: (query.get("scope") ?? "").split(connector.scopeSeparator),
  };
  const requested: Record<string, readonly string[]> = {};
  for (const [name, scopes] of Object.entries(asked)) {
    const unique = [...new Set(scopes.map((scope) => scope.trim()).filter(Boolean))];
    if (unique.length > 0) requested[name] = unique;
  }
  return Object.keys(requested).length > 0 ? requested : { default: [] };
}

function isRedirectUri(value: string | undefined): boolean {
  if (value === undefined || !URL.canParse(value)) return false;
  const { protocol, hostname, hash } = new URL(value);
  if (hash !== "") return false;
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname));
}
