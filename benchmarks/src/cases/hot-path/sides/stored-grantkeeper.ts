import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { openKeeper } from "../../../setup/grantkeeper.ts";
import { accessToken, farExpiry, refreshToken } from "../../../setup/inputs.ts";

/** On the store in memory, with nothing held of what was opened before: each call reads the row and decrypts it. */
export const open: OpenSide = async () => {
  const keeper = openKeeper({ cacheFor: 0, cacheSize: 0 });
  const tokens = { accessToken, refreshToken, expiresAt: farExpiry() };
  const connection = await keeper.adopt("acme", { owner: "ada", tokens, params: {}, account: { id: "1" } });
  return timed(
    repeat(async () => (await connection.token()).accessToken),
    { close: keeper.close },
  );
};
