import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createEnvironment } from "../environment.ts";
import { json, startServer } from "../test/http-server.ts";
import { type Fetch, maximumBodyBytes, retryAfter, type Transfer, type TransferLimits, transfer } from "./http.ts";
import { sendBy } from "./transport.ts";

const megabyte = 1024 * 1024;
const now = Date.UTC(2026, 10, 23, 12);

describe("transfer", () => {
  test("gives back status, headers and body of an answer", async () => {
    const { origin } = await startServer((response) => {
      response.setHeader("x-request-id", "7");
      json(response, { a: 1 }, 201);
    });
    const sent = await get(origin);
    expect(sent).toMatchObject({ kind: "answered", response: { status: 201, body: { a: 1 } } });
    expect(sent.kind === "answered" && sent.response.headers.get("x-request-id")).toBe("7");
  });

  test.each([
    ["HTML", "text/html", "<!doctype html><p>busy</p>"],
    ["HTML that says it is JSON", "application/json", "<!doctype html><p>busy</p>"],
    ["an empty body", "application/json", ""],
    ["half of a JSON text", "application/json", '{"access_token":'],
  ])("%s is an answer without a body that can be read", async (_, type, text) => {
    const { origin } = await startServer((response) => response.writeHead(200, { "content-type": type }).end(text));
    const sent = await get(origin);
    expect(sent.kind === "answered" && sent.response.status).toBe(200);
    expect(sent.kind === "answered" && sent.response.body).toBeUndefined();
  });

  test("reads JSON behind a byte order mark, so that a rotated token in it is not lost", async () => {
    const { origin } = await startServer((response) =>
      response.writeHead(200, { "content-type": "application/json" }).end('\ufeff{"refresh_token":"new"}'),
    );
    expect(await get(origin)).toMatchObject({ response: { body: { refresh_token: "new" } } });
  });

  test("reads a character that two chunks share", async () => {
    const bytes = Buffer.from('{"name":"Zoë 🗝"}');
    const { origin } = await startServer((response) => {
      for (const byte of bytes) response.write(Buffer.from([byte]));
      response.end();
    });
    expect(await get(origin)).toMatchObject({ response: { body: { name: "Zoë 🗝" } } });
  });

  test("R29 a body of exactly the limit is read, and one of a byte more is not", async () => {
    const { origin } = await startServer((response, request) =>
      response.end(`"${"x".repeat(maximumBodyBytes - (request.url === "/over" ? 1 : 2))}"`),
    );
    expect((await get(origin)).kind).toBe("answered");
    expect(await get(`${origin}/over`)).toMatchObject({ kind: "unusable", status: 200 });
  });

  test("R29 reads no more than the limit of a body of 60 MiB", async () => {
    let read = 0;
    const { origin } = await startServer((response) => response.end(Buffer.alloc(60 * megabyte, " ")));
    const sent = await transfer(sendBy(countingFetch((bytes) => (read += bytes))), origin, {}, limits(20_000));
    expect(sent).toMatchObject({ kind: "unusable", status: 200 });
    expect(read).toBeLessThan(2 * megabyte);
  });

  test("R29 ends a chunked body that has no end", async () => {
    const { origin } = await startServer((response) => {
      const chunk = Buffer.alloc(64 * 1024, " ");
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once("drain", write);
      };
      write();
    });
    expect(await get(origin)).toMatchObject({ kind: "unusable", status: 200 });
  });

  test("R29 a gzip bomb counts by what it unpacks to", async () => {
    const bomb = gzipSync(Buffer.alloc(60 * megabyte, " "));
    expect(bomb.byteLength).toBeLessThan(maximumBodyBytes);
    const { origin } = await startServer((response) => response.setHeader("content-encoding", "gzip").end(bomb));
    let read = 0;
    const sent = await transfer(sendBy(countingFetch((bytes) => (read += bytes))), origin, {}, limits(20_000));
    expect(sent).toMatchObject({ kind: "unusable", status: 200 });
    expect(read).toBeLessThan(2 * megabyte);
  });

  test("R29 the deadline covers a body that drips", async () => {
    const { origin } = await startServer((response) => {
      const timer = setInterval(() => response.write(" "), 5);
      response.on("close", () => clearInterval(timer));
    });
    const sent = await get(origin, { timeoutMs: 100 });
    expect(sent.kind).toBe("ambiguous");
    expect("cause" in sent && sent.cause.message).toContain("TimeoutError");
  });

  test("R29 the deadline covers an answer that never begins", async () => {
    const { origin } = await startServer(() => undefined);
    expect((await get(origin, { timeoutMs: 50 })).kind).toBe("ambiguous");
  });

  test("R29 the deadline covers a fetch that ignores its signal", async () => {
    const sent = await transfer(
      sendBy(() => new Promise(() => undefined)),
      "https://example.com",
      {},
      limits(20),
    );
    expect(sent.kind).toBe("ambiguous");
    expect("cause" in sent && sent.cause.message).toContain("TimeoutError");
  });

  test("R29 the deadline covers a body that ignores the signal, and lets go of it", async () => {
    const cancel = vi.fn();
    const body = new ReadableStream<Uint8Array>({ cancel });
    const sent = await transfer(
      sendBy(async () => new Response(body)),
      "https://example.com",
      {},
      limits(20),
    );
    expect(sent.kind).toBe("ambiguous");
    await vi.waitFor(() => expect(cancel).toHaveBeenCalled());
  });

  test("R29 an answer after the deadline is let go of", async () => {
    const cancel = vi.fn();
    const late: Fetch = async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return new Response(new ReadableStream<Uint8Array>({ cancel }));
    };
    expect((await transfer(sendBy(late), "https://example.com", {}, limits(20))).kind).toBe("ambiguous");
    await vi.waitFor(() => expect(cancel).toHaveBeenCalled());
  });

  test.each(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"])(
    "D7 %s was not sent while connecting, and may have been sent afterwards",
    async (code) => {
      const kindOf = async (syscall: string | undefined): Promise<string> => {
        const cause = Object.assign(new Error(code), { code, ...(syscall === undefined ? {} : { syscall }) });
        return (await failing(new TypeError("fetch failed", { cause }))).kind;
      };
      expect(await kindOf("connect")).toBe("unsent");
      expect(await kindOf("getaddrinfo")).toBe("unsent");
      expect(await kindOf("read")).toBe("ambiguous");
      expect(await kindOf("write")).toBe("ambiguous");
      expect(await kindOf(undefined)).toBe("ambiguous");
    },
  );

  test.each(["ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "CERT_HAS_EXPIRED"])(
    "D7 %s was not sent in any case",
    async (code) => {
      expect((await failing(new TypeError("fetch failed", { cause: Object.assign(new Error(), { code }) }))).kind).toBe(
        "unsent",
      );
    },
  );

  test("D7 several addresses were not sent to when no connection came about", async () => {
    const attempt = (code: string, syscall: string): Error => Object.assign(new Error(code), { code, syscall });
    const failAt = (...errors: Error[]): Promise<Transfer> => {
      const cause = Object.assign(new AggregateError(errors), { code: "ECONNREFUSED" });
      return failing(new TypeError("fetch failed", { cause }));
    };
    const [refused, slow, read] = [
      attempt("ECONNREFUSED", "connect"),
      attempt("ETIMEDOUT", "connect"),
      attempt("ECONNREFUSED", "read"),
    ];
    expect((await failAt(refused, slow)).kind).toBe("unsent");
    expect((await failAt(refused, read)).kind).toBe("ambiguous");
    expect((await failAt()).kind).toBe("ambiguous");
  });

  test.each([301, 302, 303, 307, 308])("R23 follows no redirect with status %d", async (status) => {
    const second = await startServer((response) => json(response, {}));
    const first = await startServer((response) => response.writeHead(status, { location: second.origin }).end());
    expect(await get(first.origin)).toMatchObject({ kind: "unusable", status });
    expect(second.requests).toEqual([]);
  });

  test("R23 follows no redirect although the caller's init asks for it", async () => {
    const second = await startServer((response) => json(response, {}));
    const first = await startServer((response) => response.writeHead(302, { location: second.origin }).end());
    await transfer(sendBy(fetch), first.origin, { redirect: "follow" }, limits(5_000));
    expect(second.requests).toEqual([]);
  });

  test("D7 a refused connection was not sent", async () => {
    const { origin, close } = await startServer(() => undefined);
    await close();
    expect(await get(origin)).toMatchObject({ kind: "unsent" });
  });

  test("D7 a name that does not resolve was not sent", async () => {
    expect(await get("http://nowhere.invalid/")).toMatchObject({ kind: "unsent" });
  });

  test("D7 a reset after the request is ambiguous", async () => {
    const { origin, requests } = await startServer((_response, request) => request.socket.resetAndDestroy());
    expect((await get(origin, { method: "POST", body: "x" })).kind).toBe("ambiguous");
    expect(requests.length).toBe(1);
  });

  test("D7 a connection that closes before any answer is ambiguous", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.destroy()));
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect((await get(`http://127.0.0.1:${port}`)).kind).toBe("ambiguous");
  });

  test("D7 an answer that is cut in its body is ambiguous", async () => {
    const { origin } = await startServer((response, request) => {
      response.writeHead(200, { "content-length": "100" });
      response.write('{"refresh_token":"new"');
      setImmediate(() => request.socket.destroy());
    });
    expect((await get(origin)).kind).toBe("ambiguous");
  });

  test("R54 a cause names no URL and no header", async () => {
    const { origin, close } = await startServer(() => undefined);
    await close();
    const sent = await get(`${origin}/?code=s3cr3t`, { headers: { authorization: "Bearer s3cr3t" } });
    expect("cause" in sent && `${sent.cause.stack} ${JSON.stringify(sent.cause)}`).not.toMatch(/s3cr3t|127\.0/);
  });
});

describe("retryAfter", () => {
  test.each<[string, number]>([
    ["0", 0],
    ["7", 7_000],
    [" 7 ", 7_000],
    ["999999999", 999_999_999_000],
    [new Date(now + 90_000).toUTCString(), 90_000],
    ["Friday, 27-Nov-26 12:00:00 GMT", 4 * 24 * 3_600_000],
  ])("H2 %j is honoured in full", (value, ms) => {
    expect(retryAfter(new Headers({ "retry-after": value }), now)).toEqual(new Date(now + ms));
  });

  test.each([
    "-1",
    "+5",
    "1.5",
    "1e9",
    "0x10",
    "9999999999",
    "99999999999999999999999999999",
    "NaN",
    "Infinity",
    "soon",
    "",
    "5, 10",
    new Date(now - 1_000).toUTCString(),
    new Date(now).toUTCString(),
    "Thu, 99 Foo 2026 99:99:99 GMT",
    "2027-01-01T00:00:00Z",
    "Sun, 01 Jan 999999 00:00:00 GMT",
  ])("H2 %j gives the fallback", (value) => {
    expect(retryAfter(new Headers({ "retry-after": value }), now, 3_000)).toEqual(new Date(now + 3_000));
  });

  test("a missing header gives the fallback", () => {
    expect(retryAfter(new Headers(), now)).toEqual(new Date(now + 5_000));
  });

  test("H2 is a date that is never in the past, whatever the header", () => {
    const date = fc.date({ noInvalidDate: true }).map((value) => value.toUTCString());
    const value = fc.oneof(
      fc.string({ unit: "grapheme-ascii" }),
      date,
      fc.double().map(String),
      fc.bigInt().map(String),
    );
    fc.assert(
      fc.property(value, (text) => {
        const at = retryAfter(new Headers({ "retry-after": text }), now).getTime();
        expect(at).toBeGreaterThanOrEqual(now);
      }),
    );
  });

  test.each([
    ["digits", "9".repeat(megabyte)],
    ["spaces around digits", `7${" ".repeat(megabyte)}7`],
    ["a date that does not end", `Mon, ${"1 ".repeat(megabyte / 2)}x`],
    ["brackets", `Mon ${"(".repeat(megabyte)}`],
  ])("R58 a header of 1 MiB of %s does not reach the date parser", (_, value) => {
    const parse = vi.spyOn(Date, "parse");
    onTestFinished(() => parse.mockRestore());
    expect(retryAfter(new Headers({ "retry-after": value }), now)).toEqual(new Date(now + 5_000));
    expect(parse).not.toHaveBeenCalled();
  });
});

interface Changes extends RequestInit {
  readonly timeoutMs?: number;
}

function get(url: string, { timeoutMs = 10_000, ...init }: Changes = {}): Promise<Transfer> {
  return transfer(sendBy(fetch), url, init, limits(timeoutMs));
}

function limits(timeoutMs: number): TransferLimits {
  return { timeoutMs, after: createEnvironment().after };
}

function failing(error: Error): Promise<Transfer> {
  return transfer(
    sendBy(() => Promise.reject(error)),
    "https://example.com",
    {},
    limits(5_000),
  );
}

/** The real fetch, which tells how many bytes of a body its reader takes. */
function countingFetch(count: (bytes: number) => void): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    const counter = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        count(chunk.byteLength);
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body?.pipeThrough(counter) ?? null, response);
  };
}
