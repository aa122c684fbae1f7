import { setTimeout as delay } from "node:timers/promises";
import { answerRevocation, answerRoute, answerUserinfo } from "./api.ts";
import { authorizationEndpoint } from "./authorization-endpoint.ts";
import { commitFault, type ServerBindings } from "./commit-fault.ts";
import { type IncomingRequest, jsonResponse, type ProviderContext } from "./context.ts";
import { answerDeviceAuthorization, verificationPath } from "./device/authorization-endpoint.ts";
import { verificationPage } from "./device/verification-page.ts";
import type { TokenGrant } from "./grants/grant.ts";
import { takesDevices, tokenGrants } from "./grants/table.ts";
import { assertionVerifier } from "./grants/verify-assertion.ts";
import { answerIntrospection } from "./introspection.ts";
import { type Endpoints, endpointsOf, metadata } from "./metadata.ts";
import { fillTemplate, type PathPattern, pathPattern } from "./path-pattern.ts";
import { moveUrl } from "./point-at.ts";
import { answerPushedRequest } from "./pushed-endpoint.ts";
import { readTokenRequest } from "./token-endpoint.ts";

type Answer = (request: IncomingRequest, bindings: ServerBindings) => Response | Promise<Response>;

export interface Endpoint {
  readonly pattern: PathPattern;
  /** Left out: any. */
  readonly method?: string;
  readonly answer: Answer;
}

/** The endpoints of an emulated provider, in the order in which they are looked for. */
export interface EmulatedEndpoints {
  /** Those of the real provider: their paths begin with its hosts. */
  readonly provider: readonly Endpoint[];
  /** The emulator's own, right under its origin. */
  readonly own: readonly Endpoint[];
}

/** Creates all endpoints of an emulated provider. */
export function createEndpoints(context: ProviderContext): EmulatedEndpoints {
  const { connector, emulation, signer, options } = context;
  const urls = endpointsOf(connector);
  const grants = tokenGrants(context);
  const verifyAssertion = assertionVerifier(options.grants?.signedRequest?.issuers ?? {});
  const half = (options.latencyMs ?? 0) / 2;
  const wait = () => (half > 0 ? delay(half) : undefined);

  const api =
    (answer: (request: IncomingRequest) => Response | Promise<Response>): Answer =>
    async (request, bindings) => {
      await wait();
      const fault = await options.faults?.api?.({ method: request.method, url: request.url });
      if (fault !== undefined) return commitFault(fault, undefined, bindings);
      const response = await answer(request);
      await context.save();
      await wait();
      return response;
    };
  const token =
    (taken: readonly TokenGrant[]): Answer =>
    async (request, bindings) => {
      const entry = context.log.tokenRequest(context.now());
      try {
        const read = readTokenRequest(context, taken, request, entry);
        await wait();
        const before = await options.faults?.before?.(entry);
        if (before !== undefined) {
          entry.outcome = "fault";
          return await commitFault(before, undefined, bindings);
        }
        const response = await read.answer();
        const after = await options.faults?.after?.(entry);
        await wait();
        return after === undefined ? response : await commitFault(after, response, bindings);
      } finally {
        entry.endedAt = Date.now();
      }
    };
  const at = (url: string | undefined, answer: Answer, method?: string): readonly Endpoint[] =>
    url === undefined ? [] : [{ pattern: pathPattern(url), answer, ...(method === undefined ? {} : { method }) }];
  const own = (path: string, answer: Answer) => at(`https:/${path}`, answer);

  const refreshes = ({ request }: TokenGrant) => request === "refresh_token";
  const tokenEndpoints =
    urls.refresh === urls.token
      ? at(urls.token, token(grants))
      : [
          ...at(urls.token, token(grants.filter((grant) => !refreshes(grant)))),
          ...at(urls.refresh, token(grants.filter(refreshes))),
        ];
  const authorizesDevice = api((request) => answerDeviceAuthorization(context, request));
  const introspects = api((request) => answerIntrospection(context, request));
  const takesPushed = api((request) => answerPushedRequest(context, request));
  const routes = (emulation?.routes ?? []).flatMap((route) =>
    at(
      route.url,
      api((request) => answerRoute(context, route, request, verifyAssertion)),
      route.method.toUpperCase(),
    ),
  );
  const withDevices = takesDevices(context);
  const provider = [
    ...at(urls.authorization, authorizationEndpoint(context)),
    ...tokenEndpoints,
    ...routes,
    ...at(
      urls.revocation,
      api((request) => answerRevocation(context, request)),
    ),
    ...at(
      urls.userinfo,
      api((request) => answerUserinfo(context, request)),
    ),
    ...at(urls.deviceAuthorization, authorizesDevice),
    ...at(urls.introspection, introspects),
    ...at(urls.pushedAuthorizationRequest, takesPushed),
    ...(signer === undefined ? [] : at(urls.jwks, () => jsonResponse(signer.jwks))),
    ...metadataEndpoints(
      context,
      urls,
      grants.map(({ type }) => type),
    ),
  ];
  return {
    provider,
    own: [
      ...(withDevices ? own("/device_authorization", authorizesDevice) : []),
      ...(withDevices ? own(verificationPath, verificationPage(context)) : []),
      ...own("/introspect", introspects),
      ...own("/par", takesPushed),
    ],
  };
}

function metadataEndpoints(
  { connector, issuer = "", origin, options }: ProviderContext,
  urls: Endpoints,
  grantTypes: readonly string[],
): readonly Endpoint[] {
  const answer: Answer = ({ params }) => {
    const locate = (real: string) => fillTemplate(moveUrl(real, origin), params);
    const requirePar = options.requirePar === true;
    const facts = { issuer: fillTemplate(issuer, params), grantTypes, requirePar, locate };
    return jsonResponse(metadata(connector, urls, facts));
  };
  return urls.metadata
    .flatMap((url) => {
      // RFC 8414 puts the path of an issuer last: at the emulator that path begins with the host.
      const [, host, path] = /^https?:\/\/([^/]+)\/\.well-known\/oauth-authorization-server(.*)$/.exec(url) ?? [];
      return host === undefined ? [url] : [url, `https://.well-known/oauth-authorization-server/${host}${path}`];
    })
    .map((url) => ({ pattern: pathPattern(url), method: "GET", answer }));
}
