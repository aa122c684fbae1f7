import { expect, test } from "vitest";
import { tapSecrets } from "./tap-secrets.ts";

const answering = (body: string) => async () => new Response(body, { status: 200 });

test("what is sent and what is answered is collected, each once, and passes unchanged", async () => {
  const answer = JSON.stringify({ access_token: "access", nested: { refresh_token: "refresh" }, expires_in: 3600 });
  const tap = tapSecrets(answering(answer));
  const body = new URLSearchParams({
    code: "the-code",
    code_verifier: "the-verifier",
    grant_type: "authorization_code",
  });
  for (let count = 0; count < 2; count++) {
    const headers = { authorization: "Basic b25lOnR3bw==" };
    const response = await tap.fetch("https://example.com/token", { method: "POST", body, headers });
    expect(await response.text()).toBe(answer);
  }
  expect(tap.secrets().map(({ value }) => value)).toEqual([
    "the-code",
    "the-verifier",
    "b25lOnR3bw==",
    "access",
    "refresh",
  ]);
  expect(tap.secrets().map(({ name }) => name)).toContain("code_verifier 2");
});

test("bodies of JSON and of forms are read in both directions", async () => {
  const tap = tapSecrets(answering("access_token=from-a-form&scope=read"));
  await tap.fetch("https://example.com/token", { method: "POST", body: JSON.stringify({ client_secret: "in-json" }) });
  await tap.fetch("https://example.com/token", { method: "POST", body: "token=in-a-text" });
  tap.mark("state", "of-a-url");
  tap.mark("state", "");
  expect(tap.secrets().map(({ value }) => value)).toEqual(["in-json", "from-a-form", "in-a-text", "of-a-url"]);
});
