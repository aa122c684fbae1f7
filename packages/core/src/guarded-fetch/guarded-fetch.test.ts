import { text } from "node:stream/consumers";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf } from "../test/errors.ts";
import { startTlsServer } from "../test/tls-server.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { checkOptions, type GuardedFetchOptions } from "./options.ts";
import { assertConnectedTo } from "./resolve.ts";
import { authority, causeOf, certificate, guardFor, startProvider } from "./test/provider.ts";

describe("a request", () => {
  test("is the one that fetch would send", async () => {
    const bodies: string[] = [];
    const { server, guarded, url } = await startProvider(async (response, request) => {
      bodies.push(await text(request));
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.writeHead(201, { "content-type": "application/json" }).end('{"ok":true}');
    });
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: "a+b é" });
    const response = await guarded(url, { method: "POST", body, headers: { accept: "application/json" } });
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.json()).toEqual({ ok: true });
    expect(bodies).toEqual([body.toString()]);
    expect(server.requests[0]).toMatchObject({ method: "POST", url: "/token?x=1" });
    expect(server.requests[0]?.headers).toMatchObject({
      host: `provider.example:${server.port}`,
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
      "content-length": String(body.toString().length),
    });
  });

  test.each<[string, RequestInit, string]>([
    ["text", { body: "é" }, "é"],
    ["bytes", { body: new TextEncoder().encode("é") }, "é"],
    ["a buffer", { body: new TextEncoder().encode("é").buffer }, "é"],
    ["nothing", {}, ""],
  ])("carries %s", async (_, init, expected) => {
    const bodies: string[] = [];
    const { guarded, url } = await startProvider(async (response, request) => {
      bodies.push(await text(request));
      response.end();
    });
    await guarded(new URL(url), { method: "PUT", ...init });
    await guarded(new Request(url));
    expect(bodies).toEqual([expected, ""]);
  });

  test.each<[string, () => BodyInit]>([
    ["form data", () => new FormData()],
    ["a stream", () => new ReadableStream()],
    ["a blob", () => new Blob(["x"])],
  ])("refuses %s, and sends nothing", async (_, body) => {
    const { server, guarded, url } = await startProvider((response) => response.end());
    const init = { method: "POST", body: body(), duplex: "half" } as RequestInit;
    expect(await codeOf(() => guarded(url, init))).toBe("invalid_request");
    expect(await codeOf(() => guarded(new Request(url, init)))).toBe("invalid_request");
    expect(server.connections()).toBe(0);
  });

  test.each(["host", "Host", "transfer-encoding", "connection", "upgrade", "expect", "proxy-authorization", "te"])(
    "R24 refuses the header %s, which is the connection's",
    async (name) => {
      const { server, guarded, url } = await startProvider((response) => response.end());
      expect(await codeOf(() => guarded(url, { headers: { [name]: "internal.example" } }))).toBe("invalid_request");
      expect(server.connections()).toBe(0);
    },
  );

  test.each([204, 205, 304])("an answer with status %d has no body", async (status) => {
    const { guarded, url } = await startProvider((response) => response.writeHead(status).end());
    const response = await guarded(url);
    expect([response.status, response.body]).toEqual([status, null]);
    expect((await guarded(url, { method: "HEAD" })).body).toBeNull();
  });

  test.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ] as const)("reads what is compressed by %s", async (encoding, compress) => {
    const { guarded, url } = await startProvider((response) =>
      response.writeHead(200, { "content-encoding": encoding }).end(compress('{"ok":true}')),
    );
    expect(await (await guarded(url)).json()).toEqual({ ok: true });
  });

  test.each(["gzip, gzip", "zstd", "compress"])("R29 refuses an answer in the encoding %s", async (encoding) => {
    const { guarded, url } = await startProvider((response) =>
      response.writeHead(200, { "content-encoding": encoding }).end("x"),
    );
    expect(await codeOf(() => guarded(url))).toBe("invalid_response");
  });
});

describe("where it goes", () => {
  test("R24 a name is resolved once, and the connection leads to the address that was checked", async () => {
    const asked: string[] = [];
    const answers = [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"]];
    const { server, guarded, url } = await startProvider((response) => response.end("{}"), {
      lookup: async (hostname) => answers[asked.push(hostname) - 1] ?? [],
    });
    expect((await guarded(url)).status).toBe(200);
    expect(asked).toEqual(["provider.example"]);
    expect(await codeOf(() => guarded(url))).toBe("invalid_request");
    expect(await codeOf(() => guarded(url))).toBe("invalid_request");
    expect(asked).toHaveLength(3);
    expect(server.connections()).toBe(1);
  });

  test.each([
    ["R24 the private one first", ["10.0.0.1", "127.0.0.1"]],
    ["R24 the private one last", ["127.0.0.1", "::1"]],
    ["R24 none at all", []],
  ])("of several addresses one that may not be called refuses all: %s", async (_, addresses) => {
    const { server, guarded, url } = await startProvider((response) => response.end("{}"), {
      lookup: async () => addresses,
    });
    const error = await errorOf(() => guarded(url));
    expect(error).toMatchObject({ code: "invalid_request", remedy: "fix_input" });
    expect(server.connections()).toBe(0);
  });

  test("R24 a connection that leads elsewhere is given up before anything is sent", async () => {
    const guard = checkOptions({ allowPrivateNetworks: ["10.0.0.0/8"] });
    const check = (remote: string | undefined) =>
      codeOf(() => assertConnectedTo(guard, ["8.8.8.8", "10.0.0.1"], remote));
    expect(await check("8.8.8.8")).toBeUndefined();
    expect(await check("10.0.0.1")).toBeUndefined();
    for (const remote of ["8.8.4.4", "10.0.0.2", "127.0.0.1", "::1", "::ffff:8.8.8.8", "", undefined]) {
      expect(await check(remote)).toBe("invalid_request");
    }
    // A list that names an address which may not be called is no reason to call it.
    expect(await codeOf(() => assertConnectedTo(guard, ["127.0.0.1"], "127.0.0.1"))).toBe("invalid_request");
  });

  test("of several addresses it tries one after the other", async () => {
    // Nothing listens on the first.
    const { guarded, url } = await startProvider((response) => response.end("{}"), {
      allowPrivateNetworks: ["127.0.0.0/8"],
      lookup: async () => ["127.0.0.2", "127.0.0.1"],
    });
    expect((await guarded(url)).status).toBe(200);
  });

  test("an answer that fetch would not take is an error, and its connection closed", async () => {
    const { server, guarded, url } = await startProvider((response) => response.writeHead(999).end());
    await causeOf(guarded(url));
    await expect.poll(server.openConnections).toBe(0);
  });

  test("R24 the machine's own network is out of reach unless it is allowed by name", async () => {
    const { server, url } = await startProvider((response) => response.end("{}"));
    const options = { allowPrivateNetworks: [], lookup: async () => ["127.0.0.1"] };
    const guarded = guardFor(server, options);
    expect(await codeOf(() => guarded(url))).toBe("invalid_request");
    expect(await codeOf(() => guarded(`https://127.0.0.1:${server.port}/`))).toBe("invalid_request");
    expect(await codeOf(() => guarded(`https://localhost:${server.port}/`))).toBe("invalid_request");
    expect(server.connections()).toBe(0);
    expect((await guardFor(server)(`https://127.0.0.1:${server.port}/`)).status).toBe(200);
  });

  test("R24 DNS is asked where nothing replaces it", async () => {
    const { server } = await startProvider((response) => response.end("{}"));
    const guarded = guardedFetch({ ports: [server.port], allowPrivateNetworks: ["10.0.0.0/8"] });
    expect(await codeOf(() => guarded(`https://localhost:${server.port}/`))).toBe("invalid_request");
    expect(await causeOf(guarded(`https://nowhere.invalid:${server.port}/`))).toMatchObject({ syscall: "getaddrinfo" });
    expect(server.connections()).toBe(0);
  });

  test("R24 allow is asked for each address, and only narrows", async () => {
    const asked: unknown[] = [];
    const { server, url } = await startProvider((response) => response.end("{}"));
    const allowing = (answer: unknown, addresses = ["127.0.0.1"]) =>
      guardFor(server, {
        lookup: async () => addresses,
        allow: (host) => {
          asked.push(host);
          return answer as boolean;
        },
      });
    expect((await allowing(true)(url)).status).toBe(200);
    expect(asked).toEqual([{ hostname: "provider.example", address: "127.0.0.1" }]);
    for (const answer of [false, undefined, 1, "yes", Promise.resolve(true)]) {
      expect(await codeOf(() => allowing(answer)(url))).toBe("invalid_request");
    }
    expect(await codeOf(() => allowing(true, ["10.0.0.1"])(url))).toBe("invalid_request");
    expect(server.connections()).toBe(1);
  });

  test.each([301, 302, 303, 307, 308])("R23 a redirect with status %d is followed nowhere", async (status) => {
    const second = await startTlsServer(certificate, (response) => response.end());
    const { guarded, url } = await startProvider(
      (response) => response.writeHead(status, { location: `https://provider.example:${second.port}/` }).end(),
      { ports: [second.port] },
    );
    const first = Number(new URL(url).port);
    const both = guardedFetch({
      ...{ ports: [first, second.port], ca: authority.cert },
      ...{ allowPrivateNetworks: ["127.0.0.1/32"], lookup: async () => ["127.0.0.1"] },
    });
    expect((await both(url, { redirect: "follow" })).status).toBe(status);
    await causeOf(both(url, { redirect: "error" }));
    expect(second.connections()).toBe(0);
    expect(await codeOf(() => guarded(url))).toBe("invalid_request");
  });
});

describe("options", () => {
  test.each<[string, GuardedFetchOptions]>([
    ["a port that is none", { ports: [0] }],
    ["a port out of range", { ports: [65_536] }],
    ["a part of a port", { ports: [443.5] }],
    ["no limit of size", { maximumBodyBytes: Number.POSITIVE_INFINITY }],
    ["a limit of nothing", { maximumBodyBytes: 0 }],
    ["no limit of time", { timeout: Number.POSITIVE_INFINITY }],
    ["a time that is none", { timeout: Number.NaN }],
    ["a time of nothing", { timeout: 0 }],
    ["a public network", { allowPrivateNetworks: ["8.8.8.0/24"] }],
    ["a ca that is none", { ca: "x" }],
    ["a ca among others that is none", { ca: [authority.cert, ""] }],
    ["a certificate that is none", { clientCertificate: { cert: "x", key: certificate.key } }],
    ["a key that is none", { clientCertificate: { cert: certificate.cert, key: "x" } }],
  ])("%s is invalid_config", async (_, options) => {
    expect(await codeOf(() => guardedFetch(options))).toBe("invalid_config");
  });
});
