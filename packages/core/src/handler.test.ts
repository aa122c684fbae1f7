import { consent } from "@grantkeeper/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createHandler, type Handler, type HandlerOptions } from "./handler.ts";
import { closeWorlds, cookieOf, createWorld, githubConnector } from "./test/harness.ts";

afterEach(closeWorlds);

const origin = "https://app.example.com";
const sameOrigin = { "sec-fetch-site": "same-origin", origin, "content-type": "application/x-www-form-urlencoded" };

async function createApp(owner: string | undefined = "ada") {
  const world = await createWorld(githubConnector);
  const handler = createHandler(world.keeper, { owner: () => owner });
  return { ...world, handler };
}

function start(handler: Handler, headers: Record<string, string> = sameOrigin, body = "returnTo=/settings") {
  return handler(new Request(`${origin}/connect/main`, { method: "POST", headers, body }));
}

describe("the routes", () => {
  test("R11 connect by a form and come back: 303s that nothing caches or passes on", async () => {
    const { handler, keeper } = await createApp();
    const started = await start(handler);
    expect(started.status).toBe(303);
    const callback = await consent(started.headers.get("location") ?? "");
    const finished = await handler(new Request(callback, { headers: { cookie: cookieOf(started.headers) } }));
    expect(finished.status).toBe(303);
    expect(finished.headers.get("location")).toBe("/settings");
    for (const { headers } of [started, finished]) {
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
    expect((await keeper.connection("main", { owner: "ada" }).status()).state).toBe("active");
  });

  test.each(["/main", "/connect/main", "/api/v1/connect/main", "/main/"])(
    "the prefix of %s does not matter, nor does its host",
    async (path) => {
      const { handler } = await createApp();
      const request = new Request(`http://10.0.0.7:8080${path}`, { method: "POST", headers: sameOrigin });
      const response = await handler(request);
      expect(response.status).toBe(303);
      expect(response.headers.get("location")).toContain(encodeURIComponent(`${origin}/connect/main/callback`));
    },
  );

  test("several tabs share one cookie", async () => {
    const { handler } = await createApp();
    const cookie = cookieOf((await start(handler)).headers);
    const second = await start(handler, { ...sameOrigin, cookie });
    expect(cookieOf(second.headers)).toBe(cookie);
  });

  test("a framework's own request object is enough", async () => {
    const { handler } = await createApp();
    const headers = new Map(Object.entries(sameOrigin));
    const request = {
      url: "/connect/main",
      method: "POST",
      headers: { get: (name: string) => headers.get(name) ?? null },
      text: async () => "",
    };
    expect((await handler(request as unknown as Request)).status).toBe(303);
  });
});

describe("the start", () => {
  test.each([
    ["another site", { ...sameOrigin, "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    ["another subdomain", { ...sameOrigin, "sec-fetch-site": "same-site", origin: "https://evil.example.com" }],
    ["a foreign origin without Sec-Fetch-Site", { origin: "https://evil.example" }],
    ["the origin null", { origin: "null" }],
    ["no word of its origin", {}],
  ])("R13 from %s is 403", async (_, headers) => {
    const { handler, provider } = await createApp();
    const response = await start(handler, headers as Record<string, string>);
    expect(response.status).toBe(403);
    expect(response.headers.get("location")).toBeNull();
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(provider.log.tokenRequests).toHaveLength(0);
  });

  test("R13 from a page of its own with the policy no-referrer, whose origin reads null, is good", async () => {
    const { handler } = await createApp();
    expect((await start(handler, { "sec-fetch-site": "same-origin", origin: "null" })).status).toBe(303);
  });

  test("R13 by GET is refused", async () => {
    const { handler } = await createApp();
    expect((await handler(new Request(`${origin}/connect/main`, { headers: sameOrigin }))).status).toBe(400);
  });

  test("under another host than callbackUrl is invalid_config: its cookie would not come back", async () => {
    const { handler } = await createApp();
    const response = await start(handler, { ...sameOrigin, origin: "https://www.example.com" });
    expect(response.status).toBe(500);
    expect(await response.text()).toContain("invalid_config");
  });

  test.each([
    ["/nobody", "returnTo=/", 400],
    ["/main", "returnTo=https://evil.example", 400],
    ["/main", "returnTo=/&returnTo=/x", 400],
    ["/main", "params.subdomain=acme", 400],
    ["/main", "connectionId=con_unknown", 404],
    ["/main", `x=${"y".repeat(20_000)}`, 400],
    ["/", "", 400],
  ])("POST %s with %s is answered with %i", async (path, body, status) => {
    const { handler } = await createApp();
    const request = new Request(`${origin}${path}`, { method: "POST", headers: sameOrigin, body });
    expect((await handler(request)).status).toBe(status);
  });
});

describe("bodies", () => {
  test("R29 a body without end is read no further than its limit", async () => {
    const { handler } = await createApp();
    let chunks = 0;
    const body = new ReadableStream({
      pull(controller) {
        chunks++;
        controller.enqueue(new Uint8Array(8 * 1024));
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers: sameOrigin, body, duplex: "half" };
    expect((await handler(new Request(`${origin}/connect/main`, init))).status).toBe(400);
    expect(chunks).toBeLessThan(10);
  });

  test("a form that a body parser has eaten is refused, not taken for an empty one", async () => {
    const { handler } = await createApp();
    const headers = new Headers({ ...sameOrigin, "content-length": "25" });
    const eaten = { url: "/connect/main", method: "POST", headers, text: async () => "" };
    const response = await handler(eaten as unknown as Request);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("body parsers");
  });
});

describe("failures", () => {
  test("nobody signed in is 401 at the start and at the callback", async () => {
    const { handler } = await createApp("");
    expect((await start(handler)).status).toBe(401);
    expect((await handler(new Request(`${origin}/connect/main/callback?state=x&code=y`))).status).toBe(401);
  });

  test("the application shows the error itself, and never rejects", async () => {
    const { keeper } = await createWorld(githubConnector);
    const shown: string[] = [];
    const handler = createHandler(keeper, {
      owner: () => "ada",
      onError: (error, _, status) => {
        shown.push(`${status} ${error.code} ${error.remedy}`);
        return new Response("ours", { status });
      },
    });
    const response = await handler(new Request(`${origin}/connect/main/callback?state=x&code=y`));
    expect(await response.text()).toBe("ours");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(shown).toEqual(["400 state_mismatch restart"]);
  });

  const failing = (): never => {
    throw new Error("template missing");
  };

  const broken: Record<string, HandlerOptions> = {
    owner: { owner: failing },
    onError: { owner: () => "ada", onError: failing },
  };

  test.each(Object.entries(broken))("the application's %s that throws is a plain answer", async (_, options) => {
    const { keeper } = await createWorld(githubConnector);
    const response = await createHandler(
      keeper,
      options,
    )(new Request(`${origin}/connect/main/callback?state=x&code=y`));
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.text()).not.toContain("template");
  });

  test("a provider that is down is 503 with Retry-After", async () => {
    const answer = { status: 503, headers: { "retry-after": "60" }, text: "" };
    const { keeper } = await createWorld(githubConnector, { faults: { before: () => answer } });
    const handler = createHandler(keeper, { owner: () => "ada" });
    const started = await start(handler);
    const callback = await consent(started.headers.get("location") ?? "");
    const response = await handler(new Request(callback, { headers: { cookie: cookieOf(started.headers) } }));
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(50);
  });
});
