import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { openKeeper } from "../../../setup/grantkeeper.ts";
import { accessToken, farExpiry, refreshToken } from "../../../setup/inputs.ts";

export const open: OpenSide = async () => {
  const keeper = openKeeper();
  const tokens = { accessToken, refreshToken, expiresAt: farExpiry() };
  const connection = await keeper.adopt("acme", { owner: "ada", tokens, params: {}, account: { id: "1" } });
  return timed(
    repeat(() => connection.token()),
    { close: keeper.close },
  );
};
