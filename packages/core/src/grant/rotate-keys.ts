import { isGrantkeeperError } from "../errors.ts";
import type { GrantRow, Store } from "../store/port.ts";
import type { DataKeys } from "../vault/data-keys.ts";
import { type PassOptions, type PassProgress, passOver } from "./pass.ts";

export interface RotateKeysOptions {
  readonly store: Store;
  readonly dataKeys: DataKeys;
  readonly ready: () => Promise<void>;
  /** Looks for the key-encryption keys that other processes have added. */
  readonly rereadKeys: () => Promise<unknown>;
  /** Adds one, which seals from then on. */
  readonly renew: () => Promise<unknown>;
  /** Seals the store's own secrets under the key that seals now. */
  readonly resealRecords: () => Promise<unknown>;
  /** Told of each row whose data key was wrapped anew. */
  readonly onRewrapped: (row: GrantRow) => void;
  /** Told of each row that could not be done. */
  readonly onFailure: (connectionId: string, code: string) => void;
}

export interface RotateKeysPass extends PassOptions {
  /** Makes a new key-encryption key first, although there is one under the first key of the configuration. */
  readonly renew?: boolean;
}

export type RotateKeys = (options?: RotateKeysPass) => Promise<PassProgress>;

const pageSize = 100;
const maximumTries = 5;

/** Wraps every connection's data key in the key that seals now. Grants themselves are not opened. */
export function createRotateKeys(options: RotateKeysOptions): RotateKeys {
  const { store, dataKeys, ready, onRewrapped, onFailure } = options;

  async function rewrap(row: GrantRow): Promise<"changed" | "left"> {
    const { connectionId } = row;
    let current: GrantRow | undefined = row;
    for (let attempt = 0; attempt < maximumTries && current !== undefined; attempt++) {
      const { grantId, wrappedKey } = current;
      const rewrapped = await dataKeys.rewrap({ connectionId, wrappedKey });
      if (rewrapped === undefined) return "left";
      const outcome = await store.rewrap({ connectionId, grantId, expected: wrappedKey, wrappedKey: rewrapped });
      if (outcome === "rewrapped") {
        onRewrapped(current);
        return "changed";
      }
      // A new consent, or another process's pass: what is there now may be done already.
      current = await store.get(connectionId);
    }
    if (current === undefined) return "left";
    throw new Error("moved");
  }

  return async (pass = {}) => {
    await ready();
    await (pass.renew === true ? options.renew() : options.rereadKeys());
    await options.resealRecords();
    return passOver(
      pass,
      (after) => store.list({ limit: pageSize, after }),
      async (row) => {
        try {
          return await rewrap(row);
        } catch (error) {
          onFailure(row.connectionId, isGrantkeeperError(error) ? error.code : "moved");
          return "failed";
        }
      },
    );
  };
}
