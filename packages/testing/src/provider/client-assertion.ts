import { createPrivateKey, createPublicKey, createSecretKey, KeyObject } from "node:crypto";
import type { ClientAuthentication, Connector } from "@grantkeeper/core/connector";
import { jwtVerify } from "jose";

type ByAssertion = Extract<ClientAuthentication, { readonly audience: string | undefined }>;

interface Expected {
  readonly audience: string;
  readonly client: Pick<Connector, "clientId">;
  readonly now: () => number;
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** What was presented while this process lives: an assertion is good once. */
const seen = new Set<string>();

/**
 * Whether a request holds an assertion of the client's own (RFC 7523, section 3): for this audience alone, of the type that
 * tells it from other JWTs, for at most 60 seconds, and for the first time.
 */
export async function isAssertion(
  own: ByAssertion,
  parameters: ReadonlyMap<string, string>,
  { audience, client, now }: Expected,
): Promise<boolean> {
  const assertion = parameters.get("client_assertion") ?? "";
  if (parameters.get("client_assertion_type") !== assertionType || seen.has(assertion)) return false;
  try {
    const { key, algorithm } = await verifierOf(own);
    const { payload } = await jwtVerify(assertion, key, {
      algorithms: [algorithm],
      issuer: client.clientId,
      subject: client.clientId,
      typ: "client-authentication+jwt",
      currentDate: new Date(now()),
      requiredClaims: ["jti", "exp", "iat"],
    });
    if (payload.aud !== audience || (payload.exp ?? 0) - (payload.iat ?? 0) > 60) return false;
    seen.add(assertion);
    return true;
  } catch {
    // Whatever is wrong with it, it proves nobody.
    return false;
  }
}

async function verifierOf(own: ByAssertion): Promise<{ readonly key: KeyObject; readonly algorithm: string }> {
  if (own.method === "client_secret_jwt") {
    return { key: createSecretKey(Buffer.from(own.secret.reveal())), algorithm: "HS256" };
  }
  const { privateKey, algorithm } = await own.key();
  const secret = typeof privateKey === "string" ? createPrivateKey(privateKey) : KeyObject.from(privateKey as never);
  return { key: createPublicKey(secret), algorithm };
}
