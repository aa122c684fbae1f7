import { expect, test } from "vitest";
import type { HostileAttack } from "./attack.ts";
import { attacksOn, expectNoHarm, expectRefreshable, expectRefusal, refusalOf } from "./test/harm.ts";
import { anHour, startWalk } from "./test/walk.ts";

const attacks = attacksOn("refresh");

test.each(attacks.filter(([, { requirement }]) => requirement === "R40"))("R40 R45 keeps the grant: %s", strike);

test.each(attacks.filter(([, { requirement }]) => requirement !== "R40"))("R45 keeps the grant: %s", strike);

/** Refreshes under the attack; then, at a provider that has become honest, with the refresh token that is left. */
async function strike(_: string, attack: HostileAttack): Promise<void> {
  const walk = await startWalk(attack);
  const { provider, keeper } = walk;
  await walk.connect();
  const [id = ""] = await walk.connectionIds();
  const connection = keeper.connection("main", { id });
  walk.advance(anHour);
  const error = await refusalOf(connection.token());
  expectRefusal(attack, error);
  expectNoHarm(walk, error);
  expect(await walk.connectionIds()).toEqual([id]);
  expect(await connection.status()).toMatchObject({ state: "active" });
  provider.relent();
  walk.advance(anHour);
  await expectRefreshable(walk, connection);
}
