import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The documented part of the transit engine: https://developer.hashicorp.com/vault/api-docs/secret/transit */
export interface TransitServer {
  readonly address: string;
  readonly requests: { readonly url: string; readonly token: string; readonly namespace: string | undefined }[];
  /** Answers in the engine's place, until it is taken away. */
  answer: ((response: ServerResponse) => void) | undefined;
  tokens: Set<string>;
  /** The lowest version that still opens what it has wrapped. */
  minimumDecryptionVersion: number;
  /** Adds a version of the key; older ciphertexts go on opening. */
  rotate(): void;
  close(): void;
}

type Body = Readonly<Record<string, string>>;

export interface TransitServerOptions {
  readonly key?: string;
  /** How many versions the key has at first. Default 1. */
  readonly versions?: number;
}

export async function startTransit({
  key = "grants",
  versions: count = 1,
}: TransitServerOptions = {}): Promise<TransitServer> {
  const versions = Array.from({ length: count }, () => randomBytes(32));
  const requests: TransitServer["requests"][number][] = [];

  function fail(response: ServerResponse, status: number, ...errors: readonly string[]): void {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ errors }));
  }

  function encrypt({ plaintext = "", associated_data: associatedData = "" }: Body): object {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", versions.at(-1) ?? "", iv);
    cipher.setAAD(Buffer.from(associatedData, "base64"));
    const sealed = [iv, cipher.update(plaintext, "base64"), cipher.final(), cipher.getAuthTag()];
    return { ciphertext: `vault:v${versions.length}:${Buffer.concat(sealed).toString("base64")}` };
  }

  function decrypt({ ciphertext = "", associated_data: associatedData = "" }: Body): object | string {
    if (ciphertext === "") return "missing ciphertext to decrypt";
    const [, digits, text] = /^vault:v(\d+):(.*)$/s.exec(ciphertext) ?? [];
    if (digits === undefined || text === undefined) return "invalid ciphertext: no prefix";
    // As Vault does, for the sake of its first versions.
    const version = Math.max(1, Number(digits));
    const secret = versions[version - 1];
    if (secret === undefined) return "invalid ciphertext: version is too new";
    if (version < server.minimumDecryptionVersion) {
      return "ciphertext or signature version is disallowed by policy (too old)";
    }
    // Go's decoder overlooks line ends.
    const stripped = text.replaceAll(/[\r\n]/g, "");
    const sealed = Buffer.from(stripped, "base64");
    if (sealed.toString("base64") !== stripped) return "invalid ciphertext: could not decode base64";
    if (sealed.length < 28) return "invalid ciphertext length";
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
    const operation = request.url === `/v1/transit/encrypt/${key}` ? encrypt : decrypt;
    const known = ["encrypt", "decrypt"].some((name) => request.url === `/v1/transit/${name}/${key}`);
    if (!known || request.method !== "POST") return fail(response, 404);
    const result = operation(JSON.parse(text) as Body);
    if (typeof result === "string") return fail(response, 400, result);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ data: result }));
  }

  const http = createServer((request, response) => void handle(request, response));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const server: TransitServer = {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    answer: undefined,
    tokens: new Set(["token"]),
    minimumDecryptionVersion: 1,
    rotate: () => void versions.push(randomBytes(32)),
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
  return server;
}
