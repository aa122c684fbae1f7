import type { BasicEncoding, Connector } from "@grantkeeper/core/connector";
import { isAssertion } from "./client-assertion.ts";

type Client = Pick<Connector, "clientId" | "clientAuthentication">;

/** Who is asked, and when: what an assertion is held against. */
export interface AssertionContext {
  /** The provider's issuer, where it has one. */
  readonly issuer: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * Whether a request proves the client exactly as its connector says (RFC 6749, section 2.3): by that one method, with
 * the right secret or key, and with no second credential beside it.
 */
export async function authenticatesClient(
  client: Client,
  authorization: string | undefined,
  parameters: ReadonlyMap<string, string>,
  context: AssertionContext,
): Promise<boolean> {
  const id = parameters.get("client_id");
  const secret = parameters.get("client_secret");
  const { clientAuthentication: own } = client;
  if ("audience" in own) {
    const others = authorization !== undefined || secret !== undefined || (id !== undefined && id !== client.clientId);
    const audience = own.audience ?? context.issuer;
    return !others && audience !== undefined && isAssertion(own, parameters, { ...context, audience, client });
  }
  if (parameters.has("client_assertion")) return false;
  if (own.method === "client_secret_basic") {
    const basic = authorization === undefined ? undefined : readBasic(authorization, own.encoding);
    return secret === undefined && (id === undefined || id === client.clientId) && isClient(client, basic);
  }
  if (authorization !== undefined || id !== client.clientId) return false;
  return own.method === "none" ? secret === undefined : secret === own.secret.reveal();
}

/** Whether a header holds the client's id and secret by HTTP Basic, encoded in either way. */
export function isClientBasic(client: Client, authorization: string | undefined): boolean {
  if (authorization === undefined) return false;
  return (["rfc6749", "raw"] as const).some((encoding) => isClient(client, readBasic(authorization, encoding)));
}

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

function isClient(client: Client, given: Credentials | undefined): boolean {
  const { clientAuthentication: own, clientId } = client;
  return given?.id === clientId && "secret" in own && given.secret === own.secret.reveal();
}

function readBasic(authorization: string, encoding: BasicEncoding): Credentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  const id = text.slice(0, colon);
  const secret = text.slice(colon + 1);
  if (encoding === "raw") return { id, secret };
  try {
    return { id: formDecode(id), secret: formDecode(secret) };
  } catch {
    return undefined;
  }
}

function formDecode(value: string): string {
  return decodeURIComponent(value.replaceAll("+", " "));
}
