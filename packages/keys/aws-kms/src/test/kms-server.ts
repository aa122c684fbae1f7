import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Encrypt and Decrypt of AWS KMS in its JSON 1.1 protocol. */
export interface KmsServer {
  readonly endpoint: string;
  readonly requests: { readonly target: string; readonly body: KmsRequest }[];
  /** Fails each request with this error of the service. */
  failure: string | undefined;
  /** Gives the key new material; what older ones have encrypted goes on opening. */
  rotate(): void;
  close(): void;
}

/** What Decrypt takes: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html (checked on 2026-11-25). */
const maximumCiphertextBytes = 6_144;

export interface KmsRequest {
  readonly KeyId?: string;
  readonly Plaintext?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

export async function startKms(keyId: string): Promise<KmsServer> {
  const keys = new Map([
    [keyId, [randomBytes(32)]],
    ["alias/other", [randomBytes(32)]],
  ]);

  const contextOf = ({ EncryptionContext: context = {} }: KmsRequest): Buffer =>
    Buffer.from(JSON.stringify(Object.entries(context).sort()));

  function encrypt(body: KmsRequest, materials: readonly Buffer[]): object {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", materials.at(-1) ?? "", iv, { authTagLength: 16 });
    cipher.setAAD(contextOf(body));
    const sealed = [iv, cipher.update(body.Plaintext ?? "", "base64"), cipher.final(), cipher.getAuthTag()];
    return { CiphertextBlob: Buffer.concat(sealed).toString("base64"), KeyId: body.KeyId };
  }

  function decrypt(body: KmsRequest, materials: readonly Buffer[]): object | undefined {
    const sealed = Buffer.from(body.CiphertextBlob ?? "", "base64");
    for (const material of materials) {
      try {
        const decipher = createDecipheriv("aes-256-gcm", material, sealed.subarray(0, 12), { authTagLength: 16 });
        decipher.setAAD(contextOf(body));
        decipher.setAuthTag(sealed.subarray(-16));
        const plaintext = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
        return { Plaintext: plaintext.toString("base64"), KeyId: body.KeyId };
      } catch {
        // Another one may have encrypted it.
      }
    }
    return undefined;
  }

  function fail(response: ServerResponse, name: string): void {
    const status = /Internal|Timeout|Unavailable/.test(name) ? 500 : 400;
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ __type: name, message: "s3cr3t" }));
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text) as KmsRequest;
    const target = String(request.headers["x-amz-target"] ?? "");
    server.requests.push({ target, body });
    if (server.failure !== undefined) return fail(response, server.failure);
    const materials = keys.get(body.KeyId ?? "");
    if (materials === undefined) return fail(response, "NotFoundException");
    const isEncrypt = target === "TrentService.Encrypt";
    const { byteLength } = Buffer.from(body.CiphertextBlob ?? "", "base64");
    if (!isEncrypt && (byteLength < 1 || byteLength > maximumCiphertextBytes))
      return fail(response, "ValidationException");
    const result = isEncrypt ? encrypt(body, materials) : decrypt(body, materials);
    if (result === undefined) return fail(response, "InvalidCiphertextException");
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(result));
  }

  const http = createServer((request, response) => void handle(request, response));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const server: KmsServer = {
    endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests: [],
    failure: undefined,
    rotate: () => void keys.get(keyId)?.push(randomBytes(32)),
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
  return server;
}
