import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** Encrypt and Decrypt of AWS KMS in its JSON 1.1 protocol. */
export interface KmsServer {
  readonly endpoint: string;
  readonly requests: { readonly target: string; readonly body: KmsRequest }[];
  /** Answers in the service's place, until it is taken away. */
  answer: ((response: ServerResponse) => void) | undefined;
  /** Fails each request with this error of the service. */
  failure: string | undefined;
}

export interface KmsRequest {
  readonly KeyId?: string;
  readonly Plaintext?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

export async function startKms(keyId: string): Promise<KmsServer> {
  const secrets = new Map([
    [keyId, randomBytes(32)],
    ["alias/other", randomBytes(32)],
  ]);

  const contextOf = ({ EncryptionContext: context = {} }: KmsRequest): Buffer =>
    Buffer.from(JSON.stringify(Object.entries(context).sort()));

  function encrypt(body: KmsRequest, secret: Buffer): object {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", secret, iv, { authTagLength: 16 });
    cipher.setAAD(contextOf(body));
    const sealed = [iv, cipher.update(body.Plaintext ?? "", "base64"), cipher.final(), cipher.getAuthTag()];
    return { CiphertextBlob: Buffer.concat(sealed).toString("base64"), KeyId: body.KeyId };
  }

  function decrypt(body: KmsRequest, secret: Buffer): object | undefined {
    const sealed = Buffer.from(body.CiphertextBlob ?? "", "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", secret, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(contextOf(body));
      decipher.setAuthTag(sealed.subarray(-16));
      const plaintext = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      return { Plaintext: plaintext.toString("base64"), KeyId: body.KeyId };
    } catch {
      return undefined;
    }
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
    if (server.answer !== undefined) return server.answer(response);
    if (server.failure !== undefined) return fail(response, server.failure);
    const secret = secrets.get(body.KeyId ?? "");
    if (secret === undefined) return fail(response, "NotFoundException");
    const result = target === "TrentService.Encrypt" ? encrypt(body, secret) : decrypt(body, secret);
    if (result === undefined) return fail(response, "InvalidCiphertextException");
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(result));
  }

  const http = createServer((request, response) => void handle(request, response));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  const server: KmsServer = {
    endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests: [],
    answer: undefined,
    failure: undefined,
  };
  return server;
}
