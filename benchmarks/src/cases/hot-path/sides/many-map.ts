import { randomBytes } from "node:crypto";
import type { OpenSide } from "../../../runner/side.ts";
import { timed } from "../../../runner/timed.ts";
import { accessToken } from "../../../setup/inputs.ts";
import { indices } from "./random-keys.ts";

/** A bare `Map.get`: what anybody pays who keeps tokens by connection. */
export const open: OpenSide = async ({ connections }) => {
  const count = Number(connections);
  // Ids of the form that connections have.
  const ids = Array.from({ length: count }, () => `con_${randomBytes(16).toString("base64url")}`);
  const tokens = new Map(ids.map((id) => [id, { accessToken }]));
  const keys = indices(count).map((index) => ids[index] ?? "");
  let characters = 0;
  return timed((calls) => {
    // Summed up, so that no call can be left out.
    for (let call = 0; call < calls; call++)
      characters += tokens.get(keys[call % keys.length] ?? "")?.accessToken.length ?? 0;
    return characters;
  });
};
