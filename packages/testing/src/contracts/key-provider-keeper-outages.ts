import assert from "node:assert/strict";
import { generateKey } from "@grantkeeper/core";
import { failureOf } from "./key-provider-errors.ts";
import type { KeyServiceTestFunction } from "./key-provider-test.ts";
import { withWorld } from "./key-provider-world.ts";

const json = { "content-type": "application/json" };

/** Tests a keeper whose key service goes away: it says so, stores nothing open, loses nothing, and goes on. */
export function testKeeperOutages(test: KeyServiceTestFunction): void {
  test("E1 a keeper that never reached its key service stores nothing, and begins when it is there", ({
    client,
    front,
  }) =>
    withWorld(async (world) => {
      const keeper = world.open(client());
      const before = await world.stored();
      await front.away(async () => {
        const expected = { code: "keys_unavailable", secrets: world.unwrapped } as const;
        const { remedy } = await failureOf(() => world.start(keeper), expected);
        assert.equal(remedy, "retry");
        assert.deepEqual(await world.stored(), before);
      });
      const { id, accessToken } = await world.connect(keeper);
      assert.equal(await world.tokenOf(world.open(client()), id), accessToken);
    }));

  test("E1 a keeper whose key service goes away says keys_unavailable, keeps all that it has, and goes on after it", ({
    client,
    front,
  }) =>
    withWorld(async (world) => {
      const [keeper, other] = [world.open(client()), world.open(client())];
      const { id, accessToken } = await world.connect(keeper);
      const waiting = await world.start(keeper, "grace");
      const before = await world.stored();
      const tokenRequests = world.provider.log.tokenRequests.length;
      await front.away(async () => {
        const operations: Readonly<Record<string, () => Promise<unknown>>> = {
          token: () => world.tokenOf(other, id),
          start: () => world.start(keeper, "robin"),
          renew: () => keeper.rotateKeys({ renew: true }),
        };
        for (const [name, operation] of Object.entries(operations)) {
          const { remedy } = await failureOf(operation, { code: "keys_unavailable", secrets: world.unwrapped }, name);
          assert.equal(remedy, "retry");
        }
        // What a process has opened, it goes on giving out.
        assert.equal(await world.tokenOf(keeper, id), accessToken);
        assert.deepEqual(await world.stored(), before);
        // Its flow is used up by this, but its code is not: the user begins anew.
        await failureOf(() => keeper.finish(waiting.callback, { owner: waiting.owner }), { code: "keys_unavailable" });
        assert.equal(world.provider.log.tokenRequests.length, tokenRequests, "nothing was sent to the provider");
      });
      assert.equal(await world.tokenOf(keeper, id), accessToken);
      assert.equal(await world.tokenOf(other, id), accessToken);
      const again = await world.connect(keeper, "grace");
      assert.equal(await world.tokenOf(other, again.id), again.accessToken);
    }));

  test("E1 a token that was refreshed as the key service went away is saved when it is back, and not lost", ({
    client,
    front,
    service,
  }) =>
    withWorld(async (world) => {
      const keeper = world.open(client());
      const { id, accessToken } = await world.connect(keeper);
      world.expire();
      let bringBack = (): void => undefined;
      const back = new Promise<void>((resolve) => {
        bringBack = resolve;
      });
      let outage: Promise<void> | undefined;
      let refused = 0;
      world.whenLeased(() => {
        outage ??= front.answering(
          (response) => {
            refused++;
            if (refused === 3) bringBack();
            response.writeHead(503, json).end(service.failureBody("busy"));
          },
          () => back,
        );
      });
      const refreshed = await world.tokenOf(keeper, id);
      await outage;
      assert.ok(refused >= 3, "the key service was asked until it was back");
      assert.notEqual(refreshed, accessToken);
      assert.equal(await world.tokenOf(world.open(client()), id), refreshed);
      assert.equal(world.provider.log.reuseDetected, 0);
      assert.equal(world.provider.log.tokenRequests.length, 2);
    }));

  test("E1 a caller may stop waiting for a silent key service, and the connection goes on after it", ({
    client,
    front,
  }) =>
    withWorld(async (world) => {
      const keeper = world.open(client(1));
      const { id, accessToken } = await world.connect(world.open(client()));
      const stop = new AbortController();
      await front.answering(
        () => stop.abort(),
        async () => {
          const connection = keeper.connection("main", { id });
          await failureOf(() => connection.token({ signal: stop.signal }), { code: "aborted" });
          await failureOf(() => connection.token(), { code: "keys_unavailable", secrets: world.unwrapped });
        },
      );
      assert.equal(await world.tokenOf(world.open(client()), id), accessToken);
    }));

  test("E7 a rotation of keys that the service breaks off is begun again, and does all", ({ client, front, service }) =>
    withWorld(async (world) => {
      const configured = { id: "configured", secret: generateKey() };
      const before = world.open(configured);
      const all = await Promise.all(["ada", "grace", "robin"].map((owner) => world.connect(before, owner)));
      const promoted = world.open(client(), configured);
      await front.answering(
        (response) => void response.writeHead(503, json).end(service.failureBody("busy")),
        () => failureOf(() => promoted.rotateKeys(), { code: "keys_unavailable", secrets: world.unwrapped }),
      );
      assert.equal((await promoted.rotateKeys()).failed, 0);
      const alone = world.open(client());
      for (const { id, accessToken } of all) assert.equal(await world.tokenOf(alone, id), accessToken);
    }));
}
