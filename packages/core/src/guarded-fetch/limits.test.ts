import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { codeOf } from "../test/errors.ts";
import type { startTlsServer } from "../test/tls-server.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { causeOf, startProvider } from "./test/provider.ts";

describe("limits", () => {
  test.each([
    ["as it is sent", {}, () => Buffer.alloc(2_000)],
    ["as it reads once decompressed", { "content-encoding": "gzip" }, () => gzipSync(Buffer.alloc(2_000))],
    // Two thousand bytes that hold none: a member of gzip may be empty.
    ["compressed, to nothing", { "content-encoding": "gzip" }, () => Buffer.concat(Array(100).fill(gzipSync("")))],
  ])("R29 a body over the limit %s ends with an error", async (_, headers, body) => {
    const { guarded, url } = await startProvider((response) => response.writeHead(200, headers).end(body()), {
      maximumBodyBytes: 1_999,
    });
    const response = await guarded(url);
    expect(await codeOf(() => response.arrayBuffer())).toBe("invalid_response");
  });

  test("R29 a body of just the limit is read", async () => {
    const { guarded, url } = await startProvider((response) => response.end(Buffer.alloc(2_000)), {
      maximumBodyBytes: 2_000,
    });
    expect((await (await guarded(url)).arrayBuffer()).byteLength).toBe(2_000);
  });

  test("R29 a bomb of gzip is left at a mebibyte, and its connection closed", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const { server, guarded, url } = await startProvider((response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).write(bomb);
    });
    let read = 0;
    const reading = (async () => {
      const { body } = await guarded(url);
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) read += chunk.byteLength;
    })();
    expect(await codeOf(() => reading)).toBe("invalid_response");
    expect(read).toBeLessThanOrEqual(1024 * 1024);
    await expect.poll(server.openConnections).toBe(0);
  });

  test("R29 a body without end is left at the limit, and its connection closed", async () => {
    const { server, guarded, url } = await startProvider((response) => {
      Readable.from(zeros()).pipe(response);
    });
    const response = await guarded(url);
    expect(await codeOf(() => response.text())).toBe("invalid_response");
    await expect.poll(server.openConnections).toBe(0);
  });

  test.each<[string, Parameters<typeof startTlsServer>[1]]>([
    ["nothing", () => undefined],
    ["a byte now and then", (response) => void drip(response)],
  ])("R29 the deadline ends an answer of %s, and closes its connection", async (_, answer) => {
    const { server, guarded, url } = await startProvider(answer, { timeout: 0.3 });
    const reading = guarded(url).then((response) => response.text());
    await expect(reading).rejects.toMatchObject({ name: "TimeoutError" });
    await expect.poll(server.openConnections).toBe(0);
  });

  test("R29 the deadline ends a wait for DNS", async () => {
    const guarded = guardedFetch({ timeout: 0.05, lookup: () => new Promise(() => undefined) });
    await expect(guarded("https://provider.example/")).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("R29 a head over Node's limit is refused", async () => {
    const { guarded, url } = await startProvider((response) =>
      response.writeHead(200, { "x-long": "x".repeat(20_000) }).end(),
    );
    expect(await causeOf(guarded(url))).toMatchObject({ code: "HPE_HEADER_OVERFLOW" });
  });

  test("the caller's signal ends it, before and while the answer is read", async () => {
    const reason = new Error("enough");
    const { server, guarded, url } = await startProvider((response) => void drip(response));
    await expect(guarded(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.connections()).toBe(0);
    const controller = new AbortController();
    const response = await guarded(url, { signal: controller.signal });
    const reading = response.text();
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    const again = new AbortController();
    const waiting = guarded(url, { signal: again.signal });
    again.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  });

  test("a caller that cancels the body closes the connection", async () => {
    const { server, guarded, url } = await startProvider((response) => void drip(response));
    const response = await guarded(url);
    await response.body?.cancel();
    await expect.poll(server.openConnections).toBe(0);
  });

  test("an answer that breaks off is an error", async () => {
    const { guarded, url } = await startProvider((response, request) => {
      response.writeHead(200, { "content-length": 100 }).write("{");
      setTimeout(() => request.socket.destroy(), 20);
    });
    const response = await guarded(url);
    await expect(response.text()).rejects.toThrow();
    const silent = await startProvider((_, request) => request.socket.destroy());
    expect(await causeOf(silent.guarded(silent.url))).toMatchObject({ code: "ECONNRESET" });
  });
});

function* zeros(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024);
}

/** Sends a byte every few milliseconds, for as long as somebody reads. */
function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write("x"), 10);
  response.on("close", () => clearInterval(timer));
}
