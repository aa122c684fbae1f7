import { describe, expect, test } from "vitest";
import { createEnvironment } from "../environment.ts";
import { GrantkeeperError } from "../errors.ts";
import { isGuardedFetch } from "../provider/guard.ts";
import type { Fetch, Transfer } from "../provider/http.ts";
import { createTransport } from "../provider/transport.ts";
import { createAuthority } from "../test/certificates.ts";
import { json } from "../test/http-server.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { guardFor, startProvider } from "./test/provider.ts";

const form: RequestInit = { method: "POST", body: new URLSearchParams({ refresh_token: "a" }) };

function carry(fetch: typeof globalThis.fetch | Fetch, url: string, maySend = true): Promise<Transfer> {
  const { after } = createEnvironment();
  const transport = createTransport({ fetch: fetch as Fetch, after, callTimeoutMs: 1_000 });
  return transport(url, form, { freshSocket: true, maySend: () => maySend });
}

describe("what the keeper makes of a guard", () => {
  test("an answer", async () => {
    const { guarded, url } = await startProvider((response) => json(response, { ok: true }, 201));
    expect(await carry(guarded, url)).toMatchObject({
      kind: "answered",
      response: { status: 201, body: { ok: true } },
    });
  });

  test("R24 a refusal is unsent, and says why, also through a fetch around it", async () => {
    const { server, guarded, url } = await startProvider((response) => json(response, {}), {
      lookup: async () => ["10.0.0.1"],
    });
    const refused = { kind: "unsent", refusal: { code: "invalid_request" } };
    expect(await carry(guarded, url)).toMatchObject(refused);
    expect(await carry((input: string, init: RequestInit) => guarded(input, init), url)).toMatchObject(refused);
    expect(server.connections()).toBe(0);
  });

  test("D7 whatever fails before the connection stands was not sent", async () => {
    const { server, guarded, url } = await startProvider((response) => json(response, {}));
    const nowhere = guardFor(server, { lookup: () => Promise.reject(new Error("no such name")) });
    const untrusting = guardFor(server, { ca: createAuthority("Another").cert });
    const waiting = guardFor(server, { lookup: () => new Promise(() => undefined) });
    for (const fetch of [nowhere, untrusting, waiting]) {
      expect(await carry(fetch, url)).toMatchObject({ kind: "unsent" });
    }
    expect(await carry(guarded, url, false)).toMatchObject({ kind: "withheld" });
    expect(server.requests).toEqual([]);
  });

  test("D7 a silence or an end after it was sent is ambiguous", async () => {
    const silent = await startProvider(() => undefined);
    expect((await carry(silent.guarded, silent.url)).kind).toBe("ambiguous");
    const cut = await startProvider((_, request) => request.socket.destroy());
    expect((await carry(cut.guarded, cut.url)).kind).toBe("ambiguous");
  });

  test("R29 an answer over the guard's limit, or the keeper's own, is unusable", async () => {
    const answer = await startProvider((response) => response.end(Buffer.alloc(2 * 1024 * 1024)));
    expect(await carry(answer.guarded, answer.url)).toMatchObject({ kind: "unusable", status: 200 });
    const wide = guardFor(answer.server, { maximumBodyBytes: 4 * 1024 * 1024 });
    expect(await carry(wide, answer.url)).toMatchObject({ kind: "unusable", status: 200 });
  });

  test("R23 a redirect is unusable", async () => {
    const { guarded, url } = await startProvider((response) => response.writeHead(307, { location: "/" }).end());
    expect(await carry(guarded, url)).toMatchObject({ kind: "unusable", status: 307 });
  });

  test("an error of an application's own fetch is no refusal, whatever it looks like", async () => {
    const { url } = await startProvider((response) => json(response, {}));
    const sent = await carry(() => Promise.reject(new GrantkeeperError("invalid_request", "x")), url);
    expect(sent.kind).toBe("ambiguous");
  });
});

test("R24 a guarded fetch is known as one, and a fetch around it is not", () => {
  const guarded = guardedFetch();
  expect(isGuardedFetch(guarded)).toBe(true);
  expect(isGuardedFetch((input: string) => guarded(input))).toBe(false);
  expect([globalThis.fetch, undefined, {}, "guarded"].map(isGuardedFetch)).toEqual([false, false, false, false]);
});
