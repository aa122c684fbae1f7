import type { ErrorCode } from "@grantkeeper/core";
import { drip, endless, redirect, rewritten, text } from "../answers.ts";
import type { Answer, Attack } from "../attack.ts";

const unusable: readonly ErrorCode[] = ["invalid_response"];
const unavailable: readonly ErrorCode[] = ["provider_unavailable"];

/** What the provider says about the account (OpenID Connect Core, sections 5.3.2 and 5.3.4). */
export const userinfoAttacks: readonly Attack[] = [
  json("oidcc-client-test-userinfo-invalid-sub", "The subject is not the ID token's.", '{"sub":"somebody-else"}'),
  json("userinfo-sub-in-capitals", "The subject is the ID token's in capitals.", '{"sub":"ADA-1815"}'),
  json("userinfo-sub-missing", "There is no subject.", '{"name":"Ada Lovelace"}'),
  json("userinfo-sub-empty", "The subject is empty.", '{"sub":""}'),
  json("userinfo-sub-not-a-string", "The subject is a number.", '{"sub":1815}'),
  json(
    "userinfo-sub-under-proto",
    "The subject stands under __proto__.",
    '{"__proto__":{"sub":"ada-1815","polluted":true}}',
  ),
  json("userinfo-list", "It is a list.", '[{"sub":"ada-1815"}]'),
  json("userinfo-null", "It is null.", "null"),
  json("userinfo-text", "It is a text.", '"ada-1815"'),
  attack("userinfo-not-json", "It is a page.", unusable, text("<html>")),
  attack(
    "userinfo-jwt",
    "It is signed, which nobody has asked for.",
    unusable,
    text("e30.e30.", { type: "application/jwt" }),
  ),
  attack("userinfo-empty", "It is empty.", unusable, text("")),
  attack("userinfo-redirect", "It is at the bystander.", unusable, redirect(307)),
  attack("userinfo-endless", "It does not end.", unusable, endless("a")),
  attack("userinfo-401", "The token that was just given is refused.", unusable, text("", { status: 401 })),
  attack("userinfo-500", "It cannot be had.", unavailable, text("", { status: 500 })),
  { ...attack("userinfo-slow-drip", "It comes byte by byte, and never whole.", unavailable, drip), stalls: true },
  attack(
    "userinfo-nested-deeply",
    "A name is nested 100,000 times: it is no name.",
    [],
    rewritten((body) => body.replace(/"name":"[^"]*"/, `"name":${"[".repeat(100_000)}${"]".repeat(100_000)}`)),
  ),
];

function json(name: string, summary: string, body: string): Attack {
  return attack(name, summary, unusable, text(body, { type: "application/json" }));
}

function attack(name: string, summary: string, expected: readonly ErrorCode[], userinfo: Answer): Attack {
  return {
    ...{ name, requirement: "R39", leg: "userinfo", expected },
    summary: `Userinfo: ${summary}`,
    tampering: { answers: { userinfo } },
  };
}
