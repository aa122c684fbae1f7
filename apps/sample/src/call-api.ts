import type { IdentifiedConnection } from "@grantkeeper/core";
import type { TokenSetName } from "./connectors.ts";
import type { Provider } from "./providers.ts";

export interface ApiAnswer {
  readonly call: string;
  readonly status: number;
  /** Indented when it is JSON, and cut where it is long. */
  readonly body: string;
}

const longestBody = 1200;

/** Calls the provider's API with one of the connection's tokens, which is refreshed before if it has run out. */
export async function callApi(
  connection: IdentifiedConnection<"user">,
  { exampleCall: { method, path } }: Provider,
  as: TokenSetName,
): Promise<ApiAnswer> {
  const response = await connection.fetch(path, { method, as });
  const body = indented(await response.text());
  return {
    call: `${method} ${path}`,
    status: response.status,
    body: body.length > longestBody ? `${body.slice(0, longestBody)}\n…` : body,
  };
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
