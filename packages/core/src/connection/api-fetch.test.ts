import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { closeWorlds, codeOf, connect, createWorld, githubConnector, slackConnector } from "../test/harness.ts";

afterEach(closeWorlds);

describe("connection.fetch", () => {
  test("calls the API with the token and the connector's headers; a plain object is JSON", async () => {
    const seen: { url: string; headers: Headers; body: unknown }[] = [];
    const { keeper, another } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const { accessToken } = await connection.token();
    const spying = another({
      fetch: async (url, init) => {
        seen.push({ url: String(url), headers: new Headers(init?.headers), body: init?.body });
        return Response.json({});
      },
    });
    const github = spying.connection("main", { id: connection.id });
    await github.fetch("/repos/octo/hello/issues", {
      method: "POST",
      body: { title: "Hi" },
      headers: { "x-mine": "1" },
    });
    const [call] = seen;
    expect(call?.url).toMatch(/\/api\.github\.com\/repos\/octo\/hello\/issues$/);
    expect(call?.headers.get("authorization")).toBe(`Bearer ${accessToken}`);
    expect(call?.headers.get("x-github-api-version")).toBeTypeOf("string");
    expect(call?.headers.get("x-mine")).toBe("1");
    expect(call?.headers.get("content-type")).toContain("application/json");
    expect(call?.body).toBe('{"title":"Hi"}');
  });

  test.each([
    "https://evil.example/user",
    "http://169.254.169.254/latest",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "\\\\evil.example/user",
  ])("R41 the token is not sent to %s", async (url) => {
    const { keeper } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    expect(await codeOf(connection.fetch(url))).toBe("invalid_request");
  });

  test.each(["//evil.example/user", "/../../../user", "user?x=https://evil.example"])(
    "R41 the path %s stays at the API",
    async (path) => {
      const urls: string[] = [];
      const { keeper, another, provider } = await createWorld(githubConnector);
      const { connection } = await connect(keeper);
      const fetch = async (url: string | URL | Request) => {
        urls.push(String(url));
        return Response.json({});
      };
      await another({ fetch }).connection("main", { id: connection.id }).fetch(path);
      expect(urls).toHaveLength(1);
      expect(new URL(urls[0] ?? "").origin).toBe(provider.origin);
    },
  );

  test("R41 a redirect to another host is followed without the token", async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end("{}");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    let redirect = false;
    const api = () => (redirect ? { status: 302, headers: { location } } : undefined);
    const { keeper } = await createWorld(githubConnector, { faults: { api } });
    const { connection } = await connect(keeper);
    redirect = true;
    expect((await connection.fetch("user")).status).toBe(200);
    expect(seen).toEqual([undefined]);
    await new Promise((resolve) => other.close(resolve));
  });

  test("H8 a 401 leads to one refresh and one replay", async () => {
    const { keeper, provider, clock } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    clock.advance(31);
    provider.expireAccessTokens();
    provider.log.clear();
    const response = await connection.fetch("user");
    expect(response.status).toBe(200);
    expect(provider.log.tokenRequests).toHaveLength(1);
    expect(provider.log.apiRequests.map(({ status }) => status)).toEqual([401, 200]);
  });

  test("H8 Slack's refusal under HTTP 200 counts as one too", async () => {
    const { keeper, provider, clock } = await createWorld(slackConnector);
    const { connection } = await connect(keeper);
    clock.advance(31);
    provider.expireAccessTokens();
    provider.log.clear();
    const response = await connection.fetch("auth.test", { method: "POST" });
    expect(await response.json()).toMatchObject({ ok: true });
    expect(provider.log.tokenRequests).toHaveLength(1);
    expect(provider.log.apiRequests).toHaveLength(2);
  });

  test("H9 a stream is not sent again", async () => {
    const { keeper, provider, clock } = await createWorld(slackConnector);
    const { connection } = await connect(keeper);
    clock.advance(31);
    provider.expireAccessTokens();
    provider.log.clear();
    const init: RequestInit & { duplex: "half" } = { method: "POST", body: new Blob(["{}"]).stream(), duplex: "half" };
    const response = await connection.fetch("auth.test", init);
    expect(await response.json()).toMatchObject({ ok: false });
    expect(provider.log.tokenRequests).toHaveLength(0);
    expect(provider.log.apiRequests).toHaveLength(1);
  });

  test("R29 of an answer without a length, no more is looked at than its limit, and the caller gets all of it", async () => {
    const mebibyte = 1024 * 1024;
    let pulled = 0;
    const fetch = async () => {
      const body = new ReadableStream({
        pull(controller) {
          controller.enqueue(Buffer.alloc(64 * 1024, " "));
          pulled += 64 * 1024;
          if (pulled === 4 * mebibyte) controller.close();
        },
      });
      return new Response(body, { headers: { "content-type": "application/json" } });
    };
    const { keeper, another } = await createWorld(slackConnector);
    const { connection } = await connect(keeper);
    const response = await another({ fetch }).connection("main", { id: connection.id }).fetch("auth.test");
    expect(pulled).toBeLessThan(2 * mebibyte);
    expect(await response.text()).toHaveLength(4 * mebibyte);
  });

  test("R57 a connector's hook that trips over an answer has not recognised a refusal in it", async () => {
    const { keeper, another, provider } = await createWorld(slackConnector);
    const { connection } = await connect(keeper);
    const rejectsToken = (): never => {
      throw new TypeError("The hook tripped.");
    };
    const tripping = another({ connectors: { main: { ...provider.connector, rejectsToken } } });
    const response = await tripping.connection("main", { id: connection.id }).fetch("auth.test", { method: "POST" });
    expect(await response.json()).toMatchObject({ ok: true });
  });

  test("an API that cannot be reached is provider_unavailable, an abort is aborted", async () => {
    const { keeper, another } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const down = another({ fetch: () => Promise.reject(new TypeError("fetch failed")) });
    expect(await codeOf(down.connection("main", { id: connection.id }).fetch("user"))).toBe("provider_unavailable");
    expect(await codeOf(connection.fetch("user", { signal: AbortSignal.abort() }))).toBe("aborted");
  });
});
