import { createHash, randomBytes } from "node:crypto";
import type { OpenSide } from "../../../runner/side.ts";
import { client } from "../../../setup/inputs.ts";
import { connectSide } from "../connect-side.ts";
import { callbackUrl } from "../connector.ts";

const redirectUri = `${callbackUrl}/github/callback`;

interface Pending {
  readonly owner: string;
  readonly codeVerifier: string;
  readonly cookie: string;
}

/** The same requests with state and PKCE by hand, in maps and without encryption: https://docs.github.com/en/apps/oauth-apps */
export const open: OpenSide = connectSide((origin, fetch) => {
  const pending = new Map<string, Pending>();
  const connections = new Map<string, unknown>();

  async function json(url: string, init: RequestInit): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(url, { ...init, headers: { accept: "application/json", ...init.headers } });
    if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
    return (await response.json()) as Readonly<Record<string, unknown>>;
  }

  return {
    async start(owner) {
      const [state, codeVerifier, cookie] = [random(), random(), `flow=${random()}`];
      pending.set(state, { owner, codeVerifier, cookie });
      const url = new URL(`${origin}/github.com/login/oauth/authorize`);
      url.search = new URLSearchParams({
        response_type: "code",
        client_id: client.id,
        redirect_uri: redirectUri,
        scope: "repo",
        state,
        code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
        code_challenge_method: "S256",
      }).toString();
      return { url: url.href, cookie };
    },
    async finish(owner, url, cookie) {
      const answer = new URL(url).searchParams;
      const flow = pending.get(answer.get("state") ?? "");
      if (flow?.owner !== owner || flow.cookie !== cookie) throw new Error("Another browser has begun this flow.");
      pending.delete(answer.get("state") ?? "");
      const body = new URLSearchParams({
        grant_type: "authorization_code",
        client_id: client.id,
        client_secret: client.secret,
        code: answer.get("code") ?? "",
        redirect_uri: redirectUri,
        code_verifier: flow.codeVerifier,
      });
      const tokens = await json(`${origin}/github.com/login/oauth/access_token`, { method: "POST", body });
      const authorization = `Bearer ${tokens["access_token"]}`;
      const account = await json(`${origin}/api.github.com/user`, { headers: { authorization } });
      connections.set(`${owner}/${account["id"]}`, { tokens, account });
    },
  };
});

function random(): string {
  return randomBytes(32).toString("base64url");
}
