import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { GrantkeeperError, type KeyProvider, keyvStore } from "../index.ts";
import type { GrantCommit } from "../store/port.ts";
import { closeWorlds, connect, createWorld, githubConnector } from "../test/harness.ts";

afterEach(closeWorlds);

test("F1 keys that cannot be had once the answer is there are not missed", async () => {
  let isAway = false;
  const provider: KeyProvider = {
    id: "kms",
    wrap: async (key) => key,
    async unwrap(wrapped) {
      if (isAway) throw new GrantkeeperError("keys_unavailable", "The service is away.");
      return wrapped;
    },
  };
  const { keeper, clock } = await createWorld(
    githubConnector,
    {},
    {
      keys: [provider],
      async fetch(url, init) {
        const response = await globalThis.fetch(url, init);
        if (!String(init?.body).includes("refresh_token")) return response;
        await delay(20);
        // Longer than a key is kept in memory.
        clock.advance(600);
        isAway = true;
        return response;
      },
    },
  );
  const { connection } = await connect(keeper);
  const before = await connection.token();
  clock.advance(3601);
  const after = await connection.token();
  expect(isAway).toBe(true);
  expect(after.accessToken).not.toBe(before.accessToken);
});

test("E3 F1 a commit that has failed is sealed anew for the next try, and opens", async () => {
  const asked: GrantCommit[] = [];
  const { keeper, another, clock, store } = await createWorld(githubConnector, {}, {}, ({ now }) => {
    const kept = keyvStore(undefined, { now });
    return {
      ...kept,
      async commit(commit) {
        if (asked.push(commit) === 1) throw new GrantkeeperError("store_unavailable", "It is away.");
        return kept.commit(commit);
      },
    };
  });
  const { connection } = await connect(keeper);
  clock.advance(3601);
  const { accessToken } = await connection.token();
  const [first, second, ...others] = asked.map(({ payload }) => Buffer.from(payload.sealed));
  expect(others).toEqual([]);
  // After four bytes that are always the same comes the IV of twelve.
  expect(first?.subarray(0, 4)).toEqual(second?.subarray(0, 4));
  expect(first?.subarray(4, 16)).not.toEqual(second?.subarray(4, 16));
  const read = await another({ store }).connection("main", { id: connection.id }).token();
  expect(read.accessToken).toBe(accessToken);
});
