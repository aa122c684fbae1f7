import { describe, expect, test } from "vitest";
import type { HostileRequest } from "./listener.ts";
import { attacksOn, expectNoHarm, expectRefreshable, expectRefusal, fateOf, refusalOf } from "./test/harm.ts";
import { startWalk } from "./test/walk.ts";

describe.each(attacksOn("discovery", "authorization", "token", "jwks", "userinfo"))("$leg: $name", (attack) => {
  test(`${attack.requirement} ${fateOf(attack)}`, async () => {
    const walk = await startWalk(attack);
    if (attack.name === "authorization-response-replayed") await walk.connect();
    const before = await walk.connectionIds();
    const exchanges = (): number => walk.provider.requests.filter(({ url }) => url === "/token").length;
    const exchangesBefore = exchanges();
    const error = await refusalOf(walk.connect());
    expectRefusal(attack, error);
    expectNoHarm(walk, error);
    const after = await walk.connectionIds();
    if (attack.expected.length > 0) expect(after).toEqual(before);
    if (attack.leg !== "userinfo" && after.length === 0) expect(walk.provider.requests.filter(isUse)).toEqual([]);
    // Only a code that an answer of this flow has brought is sent.
    const refusedBefore =
      attack.leg === "discovery" || (attack.leg === "authorization" && !attack.name.startsWith("code-"));
    expect(exchanges() - exchangesBefore).toBe(refusedBefore && error !== undefined ? 0 : 1);
    if (attack.expected.length > 0) return;
    const [id = ""] = after;
    await expectRefreshable(walk, walk.keeper.connection("main", { id }));
  });
});

test.each(attacksOn("token", "jwks").filter(({ name }) => name.startsWith("oidcc-client-test-")))(
  "R38 $name: no token is used that came with an ID token which does not hold",
  async (attack) => {
    const { provider, connect } = await startWalk(attack);
    await refusalOf(connect());
    expect(provider.requests.filter(isUse)).toEqual([]);
  },
);

/** Whether an access token was sent, rather than the client's credentials. */
function isUse({ headers }: HostileRequest): boolean {
  return headers.authorization?.startsWith("Bearer") === true;
}
