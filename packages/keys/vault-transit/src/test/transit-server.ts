import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** The documented part of the transit engine: https://developer.hashicorp.com/vault/api-docs/secret/transit */
export interface TransitServer {
  readonly address: string;
  readonly requests: { readonly url: string; readonly token: string; readonly namespace: string | undefined }[];
  /** Answers in the engine's place, until it is taken away. */
  answer: ((response: ServerResponse) => void) | undefined;
  tokens: Set<string>;
  /** Adds a version of the key; older ciphertexts go on opening. */
  rotate(): void;
}

type Body = Readonly<Record<string, string>>;

export async function startTransit(key = "grants", mount = "transit"): Promise<TransitServer> {
  const versions = [randomBytes(32)];
  const requests: TransitServer["requests"][number][] = [];

  function fail(response: ServerResponse, status: number, ...errors: readonly string[]): void {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ errors }));
  }

  function encrypt({ plaintext = "", associated_data: associatedData = "" }: Body): object {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", versions.at(-1) ?? randomBytes(32), iv);
    cipher.setAAD(Buffer.from(associatedData, "base64"));
    const sealed = [iv, cipher.update(plaintext, "base64"), cipher.final(), cipher.getAuthTag()];
    return { ciphertext: `vault:v${versions.length}:${Buffer.concat(sealed).toString("base64")}` };
  }

  function decrypt({ ciphertext = "", associated_data: associatedData = "" }: Body): object | string {
    const [, version, text] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? [];
    if (version === undefined || text === undefined) return "invalid ciphertext: no prefix";
    const secret = versions[Number(version) - 1];
    if (secret === undefined) return "invalid ciphertext: version is too new";
    const sealed = Buffer.from(text, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", secret, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(Buffer.from(associatedData, "base64"));
      decipher.setAuthTag(sealed.subarray(-16));
      const plaintext = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      return { plaintext: plaintext.toString("base64") };
    } catch {
      return "cipher: message authentication failed";
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = String(request.headers["x-vault-token"] ?? "");
    const namespace = request.headers["x-vault-namespace"];
    requests.push({
      url: request.url ?? "",
      token,
      namespace: namespace === undefined ? undefined : String(namespace),
    });
    let text = "";
    for await (const chunk of request) text += chunk;
    if (server.answer !== undefined) return server.answer(response);
    if (!server.tokens.has(token)) return fail(response, 403, "permission denied", "invalid token");
    const operation = request.url === `/v1/${mount}/encrypt/${key}` ? encrypt : decrypt;
    const known = ["encrypt", "decrypt"].some((name) => request.url === `/v1/${mount}/${name}/${key}`);
    if (!known || request.method !== "POST") return fail(response, 404);
    const result = operation(JSON.parse(text) as Body);
    if (typeof result === "string") return fail(response, 400, result);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ data: result }));
  }

  const http = createServer((request, response) => void handle(request, response));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(async () => {
    http.closeAllConnections();
    http.close();
  });
  const server: TransitServer = {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    answer: undefined,
    tokens: new Set(["token"]),
    rotate: () => void versions.push(randomBytes(32)),
  };
  return server;
}
