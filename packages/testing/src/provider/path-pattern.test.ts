import { expect, test } from "vitest";
import { exampleConnector } from "./example-connector.ts";
import { fillTemplate, pathPattern } from "./path-pattern.ts";
import { moveOwnUrls, moveUrl } from "./point-at.ts";

test("a host becomes a path prefix, and templates stay", () => {
  const origin = "http://127.0.0.1:5000";
  expect(moveUrl("https://github.com/login/oauth/authorize", origin)).toBe(
    `${origin}/github.com/login/oauth/authorize`,
  );
  expect(moveUrl("https://{subdomain}.zendesk.com/a?b=c", origin)).toBe(`${origin}/{subdomain}.zendesk.com/a?b=c`);
  expect(moveUrl("https://host:8443/a", origin)).toBe(`${origin}/host:8443/a`);
  expect(moveUrl("relative/path", origin)).toBe("relative/path");
  expect(moveUrl(`${origin}/github.com/a`, origin)).toBe(`${origin}/github.com/a`);
});

test("places match within a segment, and give their values", () => {
  const pattern = pathPattern("https://{subdomain}.zendesk.com/oauth/{tenant}/token?x=1");
  expect(pattern("/acme.zendesk.com/oauth/a%20b/token")).toEqual({ subdomain: "acme", tenant: "a b" });
  expect(pattern("/acme.zendesk.com/oauth/a/b/token")).toBeUndefined();
  expect(pattern("/acmeXzendesk.com/oauth/a/token")).toBeUndefined();
  expect(pattern("/acme.zendesk.com/oauth/a/token/")).toBeUndefined();
});

test("a segment `:name` matches any one segment, and a port is none", () => {
  const pattern = pathPattern("https://api.example.com:8443/users/:id/repos");
  expect(pattern("/api.example.com:8443/users/7/repos")).toEqual({});
  expect(pattern("/api.example.com:8443/users/7/8/repos")).toBeUndefined();
  expect(pattern("/api.example.com:9/users/7/repos")).toBeUndefined();
});

test("templates are filled where there is a value", () => {
  expect(fillTemplate("https://{a}.x/{b}", { a: "1" })).toBe("https://1.x/{b}");
});

test("R18 a scope that looks like a URL of the provider stays as it is", () => {
  const move = moveOwnUrls(exampleConnector(), "http://127.0.0.1:5000");
  const scope = "https://api.example.com/auth/read https://api.example.com/auth/write";
  expect(move({ scope, next: "https://api.example.com/page" })).toEqual({
    scope,
    next: "http://127.0.0.1:5000/api.example.com/page",
  });
});

test("links to the provider's own origins are moved, and no others", () => {
  const move = moveOwnUrls(exampleConnector({ apiOrigins: ["https://{shop}.example.org"] }), "http://127.0.0.1:5000");
  expect(
    move({
      next: "https://api.example.com/v1/items?page=2",
      shop: ["https://acme.example.org/x"],
      other: "https://api.example.com.evil.example/x",
      deeper: "https://a.b.example.org/x",
      text: "see https://api.example.com/",
      count: 1,
      none: null,
    }),
  ).toEqual({
    next: "http://127.0.0.1:5000/api.example.com/v1/items?page=2",
    shop: ["http://127.0.0.1:5000/acme.example.org/x"],
    other: "https://api.example.com.evil.example/x",
    deeper: "https://a.b.example.org/x",
    text: "see https://api.example.com/",
    count: 1,
    none: null,
  });
});
