import type { JsonObject } from "@grantkeeper/core/connector";

/** Posts a form as the example connector's client: HTTP Basic, unless other headers are given. */
export async function post(
  url: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = exampleClient,
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: JsonObject }> {
  const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(fields) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as JsonObject };
}

/** The example connector's client and secret by HTTP Basic. */
const exampleClient = {
  authorization: `Basic ${Buffer.from(`client-1:${encodeURIComponent("s:e+c%r-é")}`).toString("base64")}`,
};
