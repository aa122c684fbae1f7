import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { html } from "hono/html";
import type { Provider } from "oidc-provider";

const path = /^\/interaction\/[\w-]+$/;

/** Where a provider sends a user who must sign in or consent. */
export function interactionUrl(_ctx: unknown, { uid }: { readonly uid: string }): string {
  return `/interaction/${uid}`;
}

/** The scopes of each resource server, by its resource indicator (RFC 8707). */
export type Resources = Readonly<Record<string, readonly string[]>>;

/** Answers the page on which a user signs in and consents in one step; `false` for any other path. */
export async function answerInteraction(
  provider: Provider,
  resources: Resources,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (!path.test(request.url ?? "")) return false;
  const { params, session } = await provider.interactionDetails(request, response);
  if (request.method !== "POST") {
    const page = html`<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
<form method="post"><label>Name <input name="login" value="${session?.accountId ?? ""}" required></label>
<button name="decision" value="allow">Allow</button><button name="decision" value="deny" formnovalidate>Deny</button></form></html>`;
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" }).end(`${page}`);
    return true;
  }

  const form = new URLSearchParams(await text(request));
  const accountId = form.get("login") ?? "";
  if (form.get("decision") !== "allow" || accountId === "") {
    await provider.interactionFinished(request, response, { error: "access_denied" });
    return true;
  }
  const grant = new provider.Grant({ accountId, clientId: String(params["client_id"]) });
  grant.addOIDCScope(String(params["scope"] ?? ""));
  const asked = String(params["scope"] ?? "").split(" ");
  for (const resource of [params["resource"]].flat()) {
    const scopes = typeof resource === "string" ? (resources[resource] ?? []) : [];
    const granted = scopes.filter((scope) => asked.includes(scope));
    if (typeof resource === "string" && granted.length > 0) grant.addResourceScope(resource, granted);
  }
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
  return true;
}
