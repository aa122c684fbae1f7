import type { RawRow, SealedStoreUnderTest, StoreDoor } from "@grantkeeper/testing";
import { Keyv } from "keyv";
import { keyvStore } from "../keyv-store.ts";

/** A value as Keyv keeps it in a Map. */
interface KeptValue {
  readonly value: string;
  readonly expires?: number | undefined;
}

type Kept = Map<string, KeptValue>;

/** A Map under Keyv, and a door to it. */
export async function makePlace(): Promise<SealedStoreUnderTest> {
  const kept: Kept = new Map();
  return { openStore: () => keyvStore(new Keyv({ store: kept })), door: doorTo(kept), dispose: async () => {} };
}

function doorTo(kept: Kept): StoreDoor {
  function read(name: string): Record<string, unknown> | undefined {
    const found = kept.get(name);
    return found && fieldsOf((JSON.parse(found.value) as { readonly value: unknown }).value);
  }

  function change(name: string, columns: Readonly<Record<string, unknown>>): void {
    const found = kept.get(name);
    if (found === undefined) return;
    const parsed = JSON.parse(found.value) as { readonly value: unknown };
    const changed = { ...fieldsOf(parsed.value), ...columns };
    const value = typeof parsed.value === "string" ? JSON.stringify(changed) : changed;
    kept.set(name, { ...found, value: JSON.stringify({ ...parsed, value }) });
  }

  return {
    async readRow(connectionId) {
      const row = read(`grant:${connectionId}`) as (RawRow & Record<"sealed" | "wrappedKey", string>) | undefined;
      return row && { ...row, sealed: decoded(row.sealed), wrappedKey: decoded(row.wrappedKey) };
    },
    async writeRow(connectionId, columns) {
      const entries = Object.entries(columns).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? encoded(value) : value,
      ]);
      change(`grant:${connectionId}`, Object.fromEntries(entries));
    },
    async readFlows() {
      const names = [...kept.keys()].filter((name) => name.startsWith("flow:"));
      return names.map((name) => ({ key: name.slice(5), sealed: decoded(String(read(name)?.["sealed"])) }));
    },
    async writeFlow(key, sealed) {
      change(`flow:${key}`, { sealed: encoded(sealed) });
    },
    // As it is, and what stands in it in base64url as bytes.
    dump: async () =>
      [...kept].flatMap(([name, { value }]) => [
        Buffer.from(name),
        Buffer.from(value),
        ...[...value.matchAll(/"([\w-]{8,})\\?"/g)].map(([, text = ""]) => decoded(text)),
      ]),
  };
}

/** A row lies there as JSON in a string of its own. */
function fieldsOf(value: unknown): Record<string, unknown> {
  return (typeof value === "string" ? JSON.parse(value) : value) as Record<string, unknown>;
}

function encoded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function decoded(text: string): Uint8Array {
  return Buffer.from(text, "base64url");
}
