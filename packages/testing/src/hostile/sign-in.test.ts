import { expect, test } from "vitest";
import type { HostileRequest } from "./listener.ts";
import { attacksOn, expectNoHarm, expectRefreshable, expectRefusal, refusalOf } from "./test/harm.ts";
import { startWalk } from "./test/walk.ts";

const attacks = attacksOn("discovery", "authorization", "token", "jwks", "userinfo");

test.each(attacks)("%s", async (_, attack) => {
  const { expected, leg, name } = attack;
  const walk = await startWalk(attack);
  const { requests } = walk.provider;
  if (name === "authorization-response-replayed") await walk.connect();
  const before = await walk.connectionIds();
  const exchanges = (): number => requests.filter(({ url }) => url === "/token").length;
  const exchangesBefore = exchanges();
  const error = await refusalOf(walk.connect());
  expectRefusal(attack, error);
  expectNoHarm(walk, error);
  // A code that the flow's own answer has brought is sent, and once.
  const hasCode =
    expected.length === 0 || !(leg === "discovery" || (leg === "authorization" && !name.startsWith("code-")));
  expect(exchanges() - exchangesBefore).toBe(hasCode ? 1 : 0);
  const after = await walk.connectionIds();
  if (expected.length === 0) {
    const [id = ""] = after;
    return expectRefreshable(walk, walk.keeper.connection("main", { id }));
  }
  expect(after).toEqual(before);
  // Tokens that came and are not kept are ended.
  if (leg === "userinfo") expect(requests.at(-1)?.url).toBe("/revoke");
});

test.each(attacksOn("token", "jwks").filter(([, { name }]) => name.startsWith("oidcc-client-test-")))(
  "R38 uses no token: %s",
  async (_, attack) => {
    const { provider, connect } = await startWalk(attack);
    await refusalOf(connect());
    expect(provider.requests.filter(isUse)).toEqual([]);
  },
);

/** Whether an access token was sent, rather than the client's credentials. */
function isUse({ headers }: HostileRequest): boolean {
  return headers.authorization?.startsWith("Bearer") === true;
}
