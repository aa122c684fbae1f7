import { randomUUID } from "node:crypto";
import type { OpenSide } from "../../../runner/side.ts";
import { timed } from "../../../runner/timed.ts";
import { accessToken } from "../../../setup/inputs.ts";
import { requested } from "./random-keys.ts";

/**
 * A bare `Map.get`: what anybody pays who keeps tokens by connection. Which key comes next hangs on the token before it, as
 * with whoever waits for a token: else the processor would look several up at once.
 */
export const open: OpenSide = async ({ connections }) => {
  const count = Number(connections);
  // Ids of the form that connections have.
  const ids = Array.from({ length: count }, () => `con_${randomUUID()}`);
  const tokens = new Map(ids.map((id) => [id, { accessToken }]));
  const keys = requested(count, ids);
  return timed((calls) => {
    let at = 0;
    for (let call = 0; call < calls; call++) {
      const { length } = tokens.get(keys[at] ?? "")?.accessToken ?? "";
      at = (at + (length === 0 ? 2 : 1)) % keys.length;
    }
    return at;
  });
};
