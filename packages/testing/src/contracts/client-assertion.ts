import { createPrivateKey, createSecretKey, randomUUID } from "node:crypto";
import type { ClientAuthentication } from "@grantkeeper/core/connector";
import { SignJWT } from "jose";

type ByAssertion = Extract<ClientAuthentication, { readonly audience: string | undefined }>;

/** The parameters of a client that proves itself by a signed assertion (RFC 7523, section 2.2). */
export async function assertionOf(
  authentication: ByAssertion,
  clientId: string,
  audience: string,
): Promise<Readonly<Record<string, string>>> {
  const { alg, key } = await signerOf(authentication);
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg, typ: "client-authentication+jwt" })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime("60s")
    .sign(key);
  return {
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  };
}

async function signerOf(
  authentication: ByAssertion,
): Promise<{ readonly alg: string; readonly key: Parameters<SignJWT["sign"]>[0] }> {
  if (authentication.method === "client_secret_jwt") {
    return { alg: "HS256", key: createSecretKey(Buffer.from(authentication.secret.reveal())) };
  }
  const { algorithm, privateKey } = await authentication.key();
  return { alg: algorithm, key: typeof privateKey === "string" ? createPrivateKey(privateKey) : privateKey };
}
