import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../connector/json.ts";
import { exampleConnector } from "../test/connector.ts";
import { holding } from "../test/plain.ts";
import type { Transfer } from "./http.ts";
import { judge } from "./token-answer.ts";

const now = Date.UTC(2026, 10, 23, 12);
const connector = exampleConnector();
const tokens = { access_token: "a", token_type: "bearer", refresh_token: "new", expires_in: 60 };

describe("judge", () => {
  test.each<[string, number, Json | undefined, string]>([
    ["tokens", 200, tokens, "granted"],
    ["tokens under 201", 201, tokens, "granted"],
    ["tokens with an empty error", 200, { ...tokens, error: "" }, "granted"],
    ["tokens with a null error", 200, { ...tokens, error: null }, "granted"],
    ["invalid_grant", 400, { error: "invalid_grant" }, "refused"],
    ["invalid_grant under 200", 200, { error: "invalid_grant" }, "refused"],
    ["invalid_grant under 401", 401, { error: "invalid_grant" }, "refused"],
    ["invalid_grant under 403", 403, { error: "invalid_grant" }, "refused"],
    ["invalid_client", 401, { error: "invalid_client" }, "rejected"],
    ["invalid_client under 200", 200, { error: "invalid_client" }, "rejected"],
    ["unauthorized_client", 400, { error: "unauthorized_client" }, "rejected"],
    ["unsupported_grant_type", 400, { error: "unsupported_grant_type" }, "rejected"],
    ["an error that nobody knows", 400, { error: "constructor" }, "rejected"],
    ["temporarily_unavailable", 400, { error: "temporarily_unavailable" }, "ambiguous"],
    ["server_error", 400, { error: "server_error" }, "ambiguous"],
    ["slow_down", 400, { error: "slow_down" }, "ambiguous"],
    ["408", 408, undefined, "ambiguous"],
    ["408 with invalid_grant", 408, { error: "invalid_grant" }, "ambiguous"],
    ["429", 429, undefined, "throttled"],
    ["429 with invalid_grant", 429, { error: "invalid_grant" }, "throttled"],
    ["500", 500, undefined, "ambiguous"],
    ["500 with invalid_grant", 500, { error: "invalid_grant" }, "ambiguous"],
    ["502", 502, undefined, "ambiguous"],
    ["503 with invalid_client", 503, { error: "invalid_client" }, "ambiguous"],
    ["500 with tokens", 500, tokens, "ambiguous"],
    ["200 without JSON", 200, undefined, "invalid"],
    ["400 without JSON", 400, undefined, "invalid"],
    ["401 without JSON", 401, undefined, "invalid"],
    ["403 without JSON", 403, undefined, "invalid"],
    ["404 without JSON", 404, undefined, "invalid"],
    ["400 with tokens", 400, tokens, "invalid"],
    ["an error that is an object", 400, { error: { code: "invalid_grant" } }, "invalid"],
    ["200 with no access token", 200, { token_type: "bearer" }, "invalid"],
    ["200 with an empty access token", 200, { ...tokens, access_token: "" }, "invalid"],
    ["200 with null", 200, null, "invalid"],
    ["200 with a list", 200, [tokens], "invalid"],
    ["200 with text", 200, "a", "invalid"],
    ["204", 204, undefined, "invalid"],
  ])("F12 reads %s", (_, status, body, kind) => {
    expect(judge(connector, answer(status, body), "default", now).kind).toBe(kind);
  });

  test.each<[Transfer, string]>([
    [{ kind: "unsent", cause: new Error("c") }, "unsent"],
    [{ kind: "ambiguous", cause: new Error("c") }, "ambiguous"],
    [{ kind: "unusable", status: 302, cause: new Error("c") }, "invalid"],
  ])("D7 a transfer that is %o", (sent, kind) => {
    expect(judge(connector, sent, "default", now)).toMatchObject({ kind, cause: new Error("c") });
  });

  test.each([429, 503])("H2 %d is tried again when Retry-After says so", (status) => {
    const sent = answer(status, undefined, { "retry-after": "120" });
    expect(judge(connector, sent, "default", now)).toMatchObject({ retryAt: new Date(now + 120_000) });
  });

  test("H2 an error in the body is tried again when Retry-After says so", () => {
    const sent = answer(400, { error: "temporarily_unavailable" }, { "retry-after": "120" });
    expect(judge(connector, sent, "default", now)).toMatchObject({ retryAt: new Date(now + 120_000) });
  });

  test("gives an error with its description", () => {
    const error = { error: "invalid_grant", error_description: "It was revoked." };
    expect(judge(connector, answer(400, error), "default", now)).toEqual({
      kind: "refused",
      error: { error: "invalid_grant", errorDescription: "It was revoked." },
    });
  });

  test.each([400, 401, 200])("F11 an error under %d is an error, though an access token stands beside it", (status) => {
    const { refresh_token: _, ...withoutRefreshToken } = tokens;
    const sent = answer(status, { ...withoutRefreshToken, error: "invalid_client" });
    expect(judge(connector, sent, "default", now).kind).toBe("rejected");
  });

  test.each([400, 401, 200])("R45 a refresh token beside an error under %d is kept", (status) => {
    const sent = answer(status, { ...tokens, error: "invalid_client" });
    expect(judge(connector, sent, "default", now)).toMatchObject({
      kind: "invalid",
      refreshTokens: { default: holding("new") },
    });
  });

  test("R45 a refresh token beside an error that the connector reads is kept, by token set", () => {
    const own = exampleConnector({
      readError: () => ({ error: "team_disabled" }),
      readTokens: (body) => ({ default: body, user: { refresh_token: "u" } }),
    });
    expect(judge(own, answer(200, tokens), undefined, now)).toMatchObject({
      kind: "invalid",
      refreshTokens: { default: holding("new"), user: holding("u") },
    });
  });

  test.each([400, 404, 201])("R45 a refresh token under %d without a readable error is kept", (status) => {
    const sent = answer(status, { refresh_token: "new", error: { code: 7 } });
    expect(judge(connector, sent, "default", now)).toMatchObject({
      kind: "invalid",
      refreshTokens: { default: holding("new") },
    });
  });

  test.each([400, 200])("F12 invalid_grant under %d ends the grant, whatever stands beside it", (status) => {
    expect(judge(connector, answer(status, { ...tokens, error: "invalid_grant" }), "default", now).kind).toBe(
      "refused",
    );
  });

  test("R36 lets the connector translate an error of its own", () => {
    const own = exampleConnector({
      readError: ({ body }) => (JSON.stringify(body) === '{"ok":false}' ? { error: "invalid_grant" } : undefined),
    });
    expect(judge(own, answer(200, { ok: false }), "default", now).kind).toBe("refused");
    expect(judge(own, answer(200, tokens), "default", now).kind).toBe("granted");
    expect(judge(own, answer(400, { error: "invalid_client" }), "default", now).kind).toBe("rejected");
  });

  test("R45 keeps a refresh token that came without an access token", () => {
    const judged = judge(connector, answer(200, { refresh_token: "new" }), "default", now);
    expect(judged).toMatchObject({ kind: "invalid", refreshTokens: { default: holding("new") } });
  });

  test("R45 a reader of the connector that fails does not cost the refresh token", () => {
    const failing = exampleConnector({
      readTokens: () => {
        throw new TypeError("unexpected shape");
      },
    });
    expect(judge(failing, answer(200, tokens), "default", now)).toMatchObject({
      kind: "granted",
      tokenSets: { default: { access_token: "a", refresh_token: "new" } },
    });
  });

  test("R45 a reader of errors that fails does not cost the refresh token", () => {
    const failing = exampleConnector({
      readError: () => {
        throw new TypeError("unexpected shape");
      },
    });
    expect(judge(failing, answer(200, tokens), "default", now)).toMatchObject({
      kind: "granted",
      tokenSets: { default: { refresh_token: "new" } },
    });
  });

  test("R57 a reader that gives something else than objects gives no tokens", () => {
    const odd = exampleConnector({
      readTokens: () => ({ default: "a", user: null }) as unknown as Record<string, JsonObject>,
    });
    expect(judge(odd, answer(200, tokens), "default", now).kind).toBe("invalid");
  });

  test("keeps every token set of a consent", () => {
    const two = exampleConnector({
      readTokens: (body) => ({ default: body, user: { access_token: "u", token_type: "user" } }),
    });
    expect(judge(two, answer(200, tokens), undefined, now)).toMatchObject({
      kind: "granted",
      primary: { access_token: "a" },
      tokenSets: { default: { access_token: "a" }, user: { access_token: "u" } },
    });
  });

  test("files the answer to a refresh under the set that was refreshed", () => {
    expect(judge(connector, answer(200, tokens), "user", now)).toMatchObject({
      kind: "granted",
      tokenSets: { user: { access_token: "a", refresh_token: "new" } },
    });
  });

  test("an ID token of a provider without issuer is not validated, and not lost", () => {
    const judged = judge(connector, answer(200, { ...tokens, id_token: "i" }), undefined, now);
    expect(judged.kind === "granted" && judged.primary.id_token).toBeUndefined();
    expect(judged.kind === "granted" && judged.tokenSets["default"]?.id_token).toBe("i");
  });
});

describe("which set a refresh answers for", () => {
  const several = (sets: Record<string, JsonObject>) =>
    judge(exampleConnector({ readTokens: () => sets }), answer(200, {}), "user", now);

  test("the one that was asked for, whatever else is in the answer", () => {
    expect(several({ default: { ...tokens, access_token: "b" }, user: tokens })).toMatchObject({
      kind: "granted",
      primary: { access_token: "a" },
    });
  });

  test("the first where the provider names it otherwise", () => {
    expect(several({ default: tokens })).toMatchObject({ tokenSets: { user: { refresh_token: "new" } } });
  });

  test("R45 another set's access token does not stand in for one that is missing, and the refresh token is kept", () => {
    const { access_token: _, ...incomplete } = tokens;
    expect(several({ default: { ...tokens, refresh_token: "other" }, user: incomplete })).toMatchObject({
      kind: "invalid",
      refreshTokens: { user: holding("new") },
    });
  });

  test("R45 a reader that finds no set does not cost the refresh token in the answer", () => {
    const blind = exampleConnector({ readTokens: () => ({}) });
    expect(judge(blind, answer(200, tokens), "default", now)).toMatchObject({
      kind: "invalid",
      refreshTokens: { default: holding("new") },
    });
  });
});

function answer(status: number, body: Json | undefined, headers: Record<string, string> = {}): Transfer {
  return { kind: "answered", response: { status, headers: new Headers(headers), body } };
}
