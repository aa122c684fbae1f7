import type { OpenSide } from "../../../runner/side.ts";
import { createKeeperVault } from "./keeper-vault.ts";
import { sealing } from "./sealing.ts";

export const open: OpenSide = sealing(async () => {
  const { dataKeys, row } = await createKeeperVault();
  const context = { kind: "grant", id: "con_1/gnt_1", version: 1 } as const;
  return {
    seal: (plaintext) => dataKeys.seal(row, plaintext, context),
    open: (sealed) => dataKeys.open(row, sealed, context),
  };
});
