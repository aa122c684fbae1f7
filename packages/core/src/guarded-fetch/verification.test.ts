import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createAuthority } from "../test/certificates.ts";
import { codeOf, errorOf } from "../test/errors.ts";
import { startTlsServer } from "../test/tls-server.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { authority, causeOf, certificate, guardFor, startProvider } from "./test/provider.ts";

describe("certificates", () => {
  test("R42 a certificate of an unknown authority is refused", async () => {
    const { server, url } = await startProvider((response) => response.end("{}"));
    const cause = await causeOf(guardFor(server, { ca: createAuthority("Another").cert })(url));
    expect(cause).toMatchObject({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    expect(await causeOf(guardFor(server, { ca: [] })(url))).toMatchObject({
      code: expect.stringMatching(/VERIFY|ISSUER/),
    });
    expect(server.requests).toEqual([]);
  });

  test("R42 a certificate that its own key has signed is refused", async () => {
    const self = createAuthority("provider.example");
    const server = await startTlsServer(self, (response) => response.end());
    const url = `https://provider.example:${server.port}/`;
    expect(await causeOf(guardFor(server)(url))).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    expect(server.requests).toEqual([]);
  });

  test("R42 a certificate of another host is refused", async () => {
    const { server, guarded } = await startProvider((response) => response.end());
    const cause = await causeOf(guarded(`https://other.example:${server.port}/`));
    expect(cause).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    expect(server.requests).toEqual([]);
  });

  test("R42 it does not work while the process verifies nothing", async () => {
    const { server, guarded, url } = await startProvider((response) => response.end());
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await codeOf(() => guarded(url))).toBe("invalid_config");
    expect(await codeOf(() => guardedFetch())).toBe("invalid_config");
    expect(server.connections()).toBe(0);
  });

  test("R47 the client's certificate reaches the server that asks for it, and no other host", async () => {
    const seen: (string | undefined)[] = [];
    const client = authority.issue(["client-1"]);
    const options = { ...certificate, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
    const server = await startTlsServer(options, (response, request) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      seen.push(subject?.CN?.toString());
      response.end();
    });
    const url = `https://provider.example:${server.port}/`;
    await guardFor(server, { clientCertificate: client })(url);
    await guardFor(server, { clientCertificate: { ...client, hosts: ["provider.example"] } })(url);
    await guardFor(server, { clientCertificate: { ...client, hosts: ["other.example"] } })(url);
    await guardFor(server)(url);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    expect(seen).toEqual(["client-1", "client-1", undefined, undefined]);
    const foreign = { cert: client.cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
    const error = await errorOf(() => guardedFetch({ clientCertificate: foreign }));
    expect(error.code).toBe("invalid_config");
    expect(`${error.message} ${error.cause}`).not.toContain("PRIVATE");
  });

  test("R47 a key under a passphrase is opened by it", async () => {
    const { cert, key } = authority.issue(["client-1"]);
    const locked = createPrivateKey(key)
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open" })
      .toString();
    expect(await codeOf(() => guardedFetch({ clientCertificate: { cert, key: locked, passphrase: "open" } }))).toBe(
      undefined,
    );
    expect(await codeOf(() => guardedFetch({ clientCertificate: { cert, key: locked, passphrase: "wrong" } }))).toBe(
      "invalid_config",
    );
  });
});
