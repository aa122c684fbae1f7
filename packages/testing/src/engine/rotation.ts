import type { Rotation } from "@grantkeeper/core/connector";
import type { RefreshGeneration, TokenSetState } from "./state.ts";

/** What presenting a refresh token would mean: `reused` is one that was spent. */
export type Judgement = { readonly kind: "live"; readonly refresh: RefreshGeneration } | { readonly kind: "reused" };

/** Judges a refresh token of a set that has not ended, and changes nothing. `now` in Unix milliseconds. */
export function judge(set: TokenSetState, generation: number, rotation: Rotation, now: number): Judgement {
  const refresh = set.live.find((live) => live.generation === generation);
  if (refresh === undefined) return { kind: "reused" };
  if (rotation.kind === "grace" && refresh.spentAt !== undefined) {
    if (now >= refresh.spentAt + rotation.windowSeconds * 1000) return { kind: "reused" };
  }
  return { kind: "live", refresh };
}

/** Spends a live refresh token and returns the one to answer with: itself under `none`, else its successor. */
export function spend(
  set: TokenSetState,
  refresh: RefreshGeneration,
  rotation: Rotation,
  now: number,
  expiresAt: number | undefined,
): RefreshGeneration {
  if (rotation.kind === "none") return refresh;
  const successor = { generation: ++set.lastGeneration, parent: refresh.generation, expiresAt };
  if (rotation.kind === "strict") {
    set.live = [successor];
    set.accessRevokedThrough = set.lastAccess;
    return successor;
  }
  if (rotation.kind === "untilUsed") markUsed(set, refresh.generation, rotation);
  else refresh.spentAt ??= now;
  set.live.push(successor);
  return successor;
}

/** Under `untilUsed`: the first use of a token ends the refresh token that it came from. */
export function markUsed(set: TokenSetState, generation: number, rotation: Rotation): void {
  if (rotation.kind !== "untilUsed") return;
  const parent = set.live.find((live) => live.generation === generation)?.parent;
  if (parent !== undefined) set.live = set.live.filter((live) => live.generation !== parent);
}
