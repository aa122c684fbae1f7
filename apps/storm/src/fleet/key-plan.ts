import { generateKey, type KeyConfig } from "@grantkeeper/core";

/** What the plan has to know of a process that is there. */
export interface KeyHolder {
  readonly process: string;
  readonly setup: { readonly keys: readonly KeyConfig[] };
}

export type KeyStep =
  /** Another process with newer keys is to take the place of this one. */
  | { readonly kind: "replace"; readonly process: string }
  /** All rows are to be rewrapped. */
  | { readonly kind: "rewrap" };

/**
 * The rotation of keys as it is documented, over and over: a new key is added everywhere, becomes the first one here and
 * there, then everywhere, all rows are rewrapped, and the old key is taken away. Each process has two keys, and no key is
 * the first one anywhere while a process does not have it.
 */
export interface KeyPlan {
  /** The keys of the next process at this place. */
  keysAt(place: number): readonly KeyConfig[];
  /** All keys that there ever were. */
  readonly all: readonly KeyConfig[];
  /** How many times a key was taken away. */
  readonly retired: number;
  /** What is to be done next, for the processes that are there; `undefined`: nothing. */
  step(holders: readonly KeyHolder[]): KeyStep | undefined;
  /** Ends the time in which processes differ in what they put first. */
  promote(): void;
  /** All rows were rewrapped. */
  rewrapped(): void;
}

export function createKeyPlan(): KeyPlan {
  const all: KeyConfig[] = [];
  const make = (): KeyConfig => {
    const key = { id: `key-${all.length + 1}`, secret: generateKey() };
    all.push(key);
    return key;
  };
  let stage: "mixed" | "promoting" | "rewrapping" | "retiring" = "mixed";
  let old = make();
  let current = make();
  let next: KeyConfig | undefined;
  let retired = 0;

  return {
    all,
    get retired() {
      return retired;
    },
    keysAt(place) {
      if (next !== undefined) return [current, next];
      return stage === "mixed" && place % 2 === 0 ? [old, current] : [current, old];
    },
    step(holders) {
      const find = (isBehind: (keys: readonly KeyConfig[]) => boolean): KeyStep | undefined => {
        const holder = holders.find(({ setup }) => isBehind(setup.keys));
        return holder && { kind: "replace", process: holder.process };
      };
      if (stage === "promoting") {
        const behind = find((keys) => keys[0]?.id !== current.id);
        if (behind !== undefined) return behind;
        stage = "rewrapping";
      }
      if (stage === "rewrapping") return { kind: "rewrap" };
      if (stage === "retiring") {
        const behind = find((keys) => !keys.some(({ id }) => id === next?.id));
        if (behind !== undefined || next === undefined) return behind;
        [old, current, next] = [current, next, undefined];
        stage = "mixed";
      }
      return undefined;
    },
    promote() {
      if (stage === "mixed") stage = "promoting";
    },
    rewrapped() {
      if (stage !== "rewrapping") return;
      stage = "retiring";
      next = make();
      retired++;
    },
  };
}
