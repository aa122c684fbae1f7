import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

// An authorization server of few words: strict rotation (RFC 9700, section 4.14.2), and answers in the forms of several
// providers. A process of its own, which says where it listens.

interface Grant {
  readonly id: string;
  refreshToken: string;
  tokenRequests: number;
  /** False once a spent refresh token was sent: then all of its tokens are dead. */
  alive: boolean;
}

const latencyMs = Number(process.argv[2] ?? 0);
const expiresInSeconds = 12 * 3600;
const grants = new Map<string, Grant>();

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.writeHead(500).end(String(error));
  });
});
server.keepAliveTimeout = 60_000;
// A thousand callers may come at once.
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("disconnect", () => process.exit());

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const body = await textOf(request);
  if (url.pathname === "/grants" && request.method === "POST") {
    const made = Array.from({ length: Number(url.searchParams.get("count") ?? 1) }, newGrant);
    return send(response, 200, { grants: made });
  }
  if (url.pathname === "/grants") return send(response, 200, { ...grants.get(url.searchParams.get("id") ?? "") });
  const asked = readBody(request, body);
  if (latencyMs > 0) await delay(latencyMs / 2);
  const judged = judge(asked);
  if (latencyMs > 0) await delay(latencyMs / 2);
  // Slack answers an error under 200: https://docs.slack.dev/authentication/using-token-rotation
  if (url.pathname.endsWith("oauth.v2.access")) {
    return send(
      response,
      200,
      "error" in judged ? { ok: false, ...judged } : { ok: true, ...judged, token_type: "bot" },
    );
  }
  return send(response, "error" in judged ? 400 : 200, judged);
}

function newGrant(): { readonly id: string; readonly refreshToken: string } {
  const id = randomBytes(9).toString("base64url");
  const refreshToken = newToken(id);
  grants.set(id, { id, refreshToken, tokenRequests: 0, alive: true });
  return { id, refreshToken };
}

function judge(asked: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const presented = String(asked["refresh_token"] ?? "");
  const grant = grants.get(presented.split(".")[0] ?? "");
  if (grant === undefined) return { error: "invalid_grant" };
  grant.tokenRequests += 1;
  if (grant.refreshToken !== presented) grant.alive = false;
  if (!grant.alive) return { error: "invalid_grant", error_description: "The refresh token was used before." };
  grant.refreshToken = newToken(grant.id);
  return {
    token_type: "Bearer",
    access_token: newToken(grant.id),
    refresh_token: grant.refreshToken,
    expires_in: expiresInSeconds,
    refresh_token_expires_in: 180 * 24 * 3600,
    scope: "read",
  };
}

function newToken(grant: string): string {
  return `${grant}.${randomBytes(24).toString("base64url")}`;
}

function readBody(request: IncomingMessage, body: string): Readonly<Record<string, unknown>> {
  if (request.headers["content-type"]?.startsWith("application/json"))
    return JSON.parse(body) as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}
