import { expect, test } from "vitest";
import { attacksOn, expectNoHarm, expectRefusal, refusalOf } from "./test/harm.ts";
import { startWalk } from "./test/walk.ts";

test.each(attacksOn("revocation"))("R51 is told, and the connection is erased: %s", async (_, attack) => {
  const walk = await startWalk(attack);
  const { connection } = await walk.connect();
  expect(await connection.disconnect()).toEqual({ revocation: "pending" });
  expectNoHarm(walk, undefined);
  expect(await walk.connectionIds()).toEqual([]);
});

test.each(attacksOn("api"))("R41 leads no token astray: %s", async (_, attack) => {
  const walk = await startWalk(attack);
  const { connection } = await walk.connect();
  const error = await refusalOf(connection.fetch("things", { method: "POST", body: { of: "the caller" } }));
  expectRefusal(attack, error);
  expectNoHarm(walk, error);
  expect(walk.provider.bystander.requests).toHaveLength(attack.name.startsWith("api-redirect-") ? 1 : 0);
  expect(await connection.status()).toMatchObject({ state: "active" });
});

test("H8 an API that refuses every token leads to one refresh in half a minute, and to one replay", async () => {
  const walk = await startWalk({ name: "api-401-for-ever" });
  const { connection } = await walk.connect();
  walk.advance(60);
  for (let count = 0; count < 5; count++) expect((await connection.fetch("things")).status).toBe(401);
  const bodies = walk.provider.requests.map(({ body }) => body);
  expect(bodies.filter((body) => body.includes("grant_type=refresh_token"))).toHaveLength(1);
  expect(walk.provider.requests.filter(({ url }) => url === "/api/things")).toHaveLength(6);
});
