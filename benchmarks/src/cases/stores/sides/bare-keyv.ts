import { Keyv } from "keyv";
import type { OpenSide } from "../../../runner/side.ts";
import { openKeyv } from "../../../setup/stores.ts";
import { operationsSide } from "../operations.ts";
import { newRow, rowCount } from "../rows.ts";

type Row = Record<string, unknown>;

/** Keyv alone, which can only get and set: a change reads the row, and writes it. Bytes are kept as it keeps them, in base64. */
export const open: OpenSide = operationsSide(async ({ kind, folder, name }) => {
  const keyv = kind === "memory" ? new Keyv<Row>() : openKeyv(String(folder), String(name));
  for (let index = 0; index < rowCount; index++) {
    const row = newRow(index);
    await keyv.set(row.connectionId, { ...row, ...encoded(row), fence: 0, intents: [] });
  }

  async function found(connectionId: string): Promise<Row> {
    const row = (await keyv.get(connectionId)) as Row | undefined;
    if (row === undefined) throw new Error("Nothing was read.");
    return row;
  }

  return {
    async read(connectionId) {
      const row = await found(connectionId);
      return { ...row, sealed: decoded(row["sealed"]), wrappedKey: decoded(row["wrappedKey"]) };
    },
    async lease(connectionId, { fence }, intent) {
      const row = await found(connectionId);
      if (row["fence"] !== fence) throw new Error("Nothing was leased.");
      const lease = { holder: "holder", until: Date.now() + 30_000 };
      await keyv.set(connectionId, { ...row, fence: fence + 1, lease, intents: [{ ...intent, at: Date.now() }] });
    },
    async commit(connectionId, { version }, payload) {
      const row = await found(connectionId);
      if (row["version"] !== version) throw new Error("Nothing was committed.");
      const { lease: _, ...rest } = row;
      await keyv.set(connectionId, { ...rest, ...payload, sealed: base64(payload.sealed), intents: [] });
    },
    close: () => keyv.disconnect(),
  };
});

function encoded({ sealed, wrappedKey }: ReturnType<typeof newRow>) {
  return { sealed: base64(sealed), wrappedKey: base64(wrappedKey) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function decoded(value: unknown): Buffer {
  return Buffer.from(String(value), "base64url");
}
