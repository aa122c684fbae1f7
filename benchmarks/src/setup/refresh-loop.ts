import { client } from "./inputs.ts";

/** RFC 6749, section 6, by hand. */
export async function requestTokens(origin: string, refreshToken: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(`${origin}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken }),
  });
  if (response.status !== 200) throw new Error(`The token request was answered with ${response.status}.`);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}
