import type { OpenSide } from "../../../runner/side.ts";
import { timed } from "../../../runner/timed.ts";
import { openKeeper } from "../../../setup/grantkeeper.ts";
import { accessToken, farExpiry, refreshToken } from "../../../setup/inputs.ts";
import { requested } from "./random-keys.ts";

/**
 * `connections` grants, all of them opened before. With `handles: "made"` each call makes its handle from an id, as a request
 * handler does; with `"held"` the handles stand in a Map.
 */
export const open: OpenSide = async ({ connections, handles }) => {
  const count = Number(connections);
  // So that the cache holds them all, and none is looked for in the store while it is measured.
  const keeper = openKeeper({ cacheSize: count, cacheFor: 3600 });
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    // A token of its own each, since two connections must not share one.
    const tokens = { accessToken, refreshToken: `${refreshToken}${index}`, expiresAt: farExpiry() };
    const { id } = await keeper.adopt("acme", {
      owner: `owner-${index}`,
      tokens,
      params: {},
      account: { id: String(index) },
    });
    ids.push(id);
  }
  const held = new Map(ids.map((id) => [id, keeper.connection("acme", { id })]));
  for (const connection of held.values()) await connection.token();
  const keys = requested(count, ids);
  const connectionOf = (id: string) => (handles === "held" ? held.get(id) : keeper.connection("acme", { id }));
  return timed(
    async (calls) => {
      for (let call = 0; call < calls; call++) await connectionOf(keys[call % keys.length] ?? "")?.token();
    },
    { close: keeper.close },
  );
};
