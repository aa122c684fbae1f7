import { describe, expect, test } from "vitest";
import { secretOf } from "../secret.ts";
import { exampleConnector } from "../test/connector.ts";
import type { Grant } from "./grant.ts";
import { missingScopes, requestedScopes } from "./scopes.ts";

function grantOf(requested: readonly string[], granted: readonly string[]): Grant {
  return {
    connector: "example",
    owner: "owner",
    params: {},
    issuer: undefined,
    tokenEndpoint: "https://login.example.com/token",
    clientId: "client-1",
    tokenSets: { default: { accessToken: secretOf("a"), tokenType: "Bearer", obtainedAt: 0, scopes: granted } },
    requestedScopes: { default: requested },
    account: undefined,
    subject: undefined,
    metadata: {},
    ended: {},
    connectedAt: 0,
    refreshedAt: undefined,
  };
}

describe("missingScopes", () => {
  test.each<[readonly string[], readonly string[], readonly string[]]>([
    [["a", "b"], ["a", "b"], []],
    [["a", "b"], ["b", "c"], ["a"]],
    [["a", "b"], [], ["a", "b"]],
    [[], ["a"], []],
  ])("R18 of %j with %j granted: %j", (requested, granted, missing) => {
    expect(missingScopes(exampleConnector(), "default", grantOf(requested, granted))).toEqual(missing);
  });

  test("R18 a granted scope stands for all that it includes, at any depth, also in a ring", () => {
    const connector = exampleConnector({ scopeIncludes: { all: ["write"], write: ["read"], read: ["all"] } });
    expect(missingScopes(connector, "default", grantOf(["read", "write", "other"], ["all"]))).toEqual(["other"]);
    expect(missingScopes(exampleConnector(), "default", grantOf(["read"], ["all"]))).toEqual(["read"]);
  });

  test.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "R57 a granted scope %s is a scope like others",
    (scope) => {
      const connector = exampleConnector({ scopeIncludes: { all: [scope] } });
      expect(missingScopes(connector, "default", grantOf(["a", scope], ["all"]))).toEqual(["a"]);
    },
  );

  test("R18 a token set that was not given lacks nothing that nobody asked for", () => {
    expect(missingScopes(exampleConnector(), "user", grantOf(["a"], ["a"]))).toEqual([]);
  });
});

describe("requestedScopes", () => {
  test("names the scopes of every token set", () => {
    const connector = exampleConnector({ scopes: ["a"], tokenSets: { user: { scopes: ["b"] } } });
    expect(requestedScopes(connector)).toEqual({ default: ["a"], user: ["b"] });
  });
});
