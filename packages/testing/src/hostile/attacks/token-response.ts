import type { ErrorCode } from "@grantkeeper/core";
import type { Json, JsonObject } from "@grantkeeper/core/connector";
import { rewritten } from "../answers.ts";
import type { Attack, HostileWorld, Tampering } from "../attack.ts";

interface Response {
  readonly name: string;
  readonly summary: string;
  readonly requirement: string;
  readonly expected: readonly ErrorCode[];
  readonly body?: (body: JsonObject, world: HostileWorld) => Json;
  readonly text?: { readonly rewrite: (text: string) => string; readonly type?: string };
}

const unusable: readonly ErrorCode[] = ["invalid_response"];
const tolerated: readonly ErrorCode[] = [];

const responses: readonly Response[] = [
  odd("token-type-mac", "R34", unusable, "The token type is mac.", () => ({ token_type: "mac" })),
  odd("token-type-of-line-breaks", "R34", unusable, "The token type has a line break.", () => ({
    token_type: "Bearer\r\nx: y",
  })),
  odd("token-type-in-mixed-case", "R34", tolerated, "The token type is bEaReR.", () => ({ token_type: "bEaReR" })),
  odd("access-token-empty", "R36", unusable, "The access token is empty.", () => ({ access_token: "" })),
  odd("access-token-null", "R36", unusable, "The access token is null.", () => ({ access_token: null })),
  odd("access-token-with-line-breaks", "R36", unusable, "The access token breaks a header.", ({ access_token }) => ({
    access_token: `${String(access_token)}\r\nx-injected: yes`,
  })),
  odd("access-token-a-list", "R36", unusable, "The access token is a list.", ({ access_token = null }) => ({
    access_token: [access_token],
  })),
  odd("expires-in-negative", "R45", tolerated, "The lifetime is negative.", () => ({ expires_in: -5 })),
  odd("expires-in-infinite", "R35", tolerated, "The lifetime is longer than any.", () => ({ expires_in: 1e300 })),
  odd("expires-in-text", "R35", tolerated, "The lifetime is a text.", () => ({ expires_in: "soon" })),
  odd("expires-in-object", "R35", tolerated, "The lifetime is an object.", () => ({ expires_in: { seconds: 300 } })),
  odd("scope-object", "R36", tolerated, "The scopes are an object.", () => ({ scope: { openid: true } })),
  odd("error-beside-tokens", "R45", unusable, "There is an error beside the tokens.", () => ({
    error: "invalid_request",
  })),
  odd("constructor-fields", "R57", tolerated, "There are fields with the names of an object's own.", () => ({
    constructor: { prototype: { polluted: true } },
    toString: "text",
    hasOwnProperty: null,
  })),
  {
    ...{ name: "proto-field", requirement: "R57", expected: tolerated, summary: "There is a field __proto__." },
    text: { rewrite: (body) => body.replace("{", '{"__proto__":{"polluted":true,"expires_in":-1},') },
  },
  {
    ...{ name: "tokens-under-proto", requirement: "R57", expected: unusable },
    summary: "The access token stands under __proto__.",
    text: {
      rewrite: (body) => body.replace(/"access_token":("[^"]*")/, '"__proto__":{"polluted":true,"access_token":$1}'),
    },
  },
  {
    ...{ name: "fields-twice", requirement: "R36", expected: tolerated },
    summary: "Fields stand twice: the last one counts, as JSON parsers have it.",
    text: {
      rewrite: (body) => body.replace("{", '{"access_token":"first","refresh_token":"first","id_token":"first",'),
    },
  },
  {
    ...{ name: "labelled-as-text", requirement: "R36", expected: tolerated, summary: "It is labelled as plain text." },
    text: { rewrite: (body) => body, type: "text/plain" },
  },
  {
    ...{
      name: "byte-order-mark",
      requirement: "R36",
      expected: tolerated,
      summary: "A byte order mark stands before it.",
    },
    text: { rewrite: (body) => `\ufeff${body}` },
  },
  {
    ...{ name: "nested-deeply", requirement: "R57", expected: tolerated },
    summary: "A field that nobody knows is nested 100,000 times.",
    text: { rewrite: (body) => body.replace("{", `{"deep":${"[".repeat(100_000)}${"]".repeat(100_000)},`) },
  },
];

/** Token responses that are odd where tokens were issued: what came of a refresh token is kept (R45). */
export const tokenResponseAttacks: readonly Attack[] = (["token", "refresh"] as const).flatMap((leg) =>
  responses.map(({ name, summary, requirement, expected, body, text }): Attack => {
    const answers: Tampering["answers"] = text && { [leg]: rewritten(text.rewrite, text.type) };
    return {
      ...{ name: `${leg}-${name}`, requirement, leg, expected },
      summary: `${leg === "token" ? "Token" : "Refreshed token"} response: ${summary}`,
      tampering: { ...(body && { tokenResponse: body }), ...(answers && { answers }) },
    };
  }),
);

function odd(
  name: string,
  requirement: string,
  expected: readonly ErrorCode[],
  summary: string,
  fields: (body: JsonObject) => JsonObject,
): Response {
  return { name, requirement, expected, summary, body: (body) => ({ ...body, ...fields(body) }) };
}
