import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSample } from "../src/sample.ts";
import { freePorts } from "./support/free-ports.ts";
import { createVisitor } from "./support/visitor.ts";

test("with a client of its own a connector talks to the real provider, and its client stays at home", async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), "grantkeeper-sample-"));
  const client = { clientId: "my-client", clientSecret: "my-secret" };
  const sample = await openSample({
    port: await freePorts(),
    dataDirectory,
    tokenLifetimeSeconds: 30,
    clients: { github: client, google: undefined, slack: undefined },
  });
  try {
    const { origin } = sample.keeper.callbackUrl;
    const ada = createVisitor(origin, (request) => sample.app.fetch(request));
    await ada.signIn("ada");
    const front = await ada.get("/");
    expect(front.headers.get("content-security-policy")).toContain(
      "img-src 'self' https://avatars.githubusercontent.com",
    );
    expect(front.headers.get("content-security-policy")).toContain("form-action 'self' https://github.com");
    expect(await front.text()).toContain(
      "Google and Slack are emulated on this machine. Tokens live for 30 seconds here",
    );

    const started = await ada.post("/connect/github");
    const url = new URL(started.headers.get("location") ?? "");
    expect(url.origin + url.pathname).toBe("https://github.com/login/oauth/authorize");
    expect(url.searchParams.get("client_id")).toBe("my-client");
    expect(url.searchParams.get("redirect_uri")).toBe(`${origin}/connect/github/callback`);
    expect(url.href).not.toContain("my-secret");
  } finally {
    await sample.close();
    await rm(dataDirectory, { recursive: true });
  }
});
