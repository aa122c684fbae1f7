import { GrantkeeperError } from "../errors.ts";
import type { Chains } from "./chain.ts";

/** The last entry of a connection's chain at some time. */
export interface AuditHead {
  readonly connectionId: string;
  readonly sequence: number;
  readonly mac: string;
}

export interface AuditFault {
  readonly connectionId: string;
  readonly sequence: number;
  /**
   * `changed`: the entry, or the one before it, is not the one that was written. `missing`: there is no such entry.
   * `cut`: an anchor names an entry that is not there, or was another one.
   */
  readonly what: "changed" | "missing" | "cut";
}

/** Goes through one chain from its beginning. */
export async function verifyChain(
  chains: Chains,
  connectionId: string,
  anchor: AuditHead | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly entries: number; readonly faults: readonly AuditFault[] }> {
  const faults: AuditFault[] = [];
  let entries = 0;
  let [sequence, mac] = [0, ""];
  let anchored = anchor === undefined;
  for (;;) {
    if (signal?.aborted === true) throw new GrantkeeperError("aborted", "The verification was stopped.");
    const page = await chains.page(connectionId, sequence);
    for (const link of page) {
      for (let gap = sequence + 1; gap < link.sequence; gap++) {
        faults.push({ connectionId, sequence: gap, what: "missing" });
      }
      // After a gap nothing is known of the entry before.
      const follows = link.sequence === sequence + 1;
      if (follows && chains.macOf(link, mac) !== link.mac) {
        faults.push({ connectionId, sequence: link.sequence, what: "changed" });
      }
      anchored ||= anchor?.sequence === link.sequence && anchor.mac === link.mac;
      [sequence, mac] = [link.sequence, link.mac];
      entries++;
    }
    if (page.length === 0) break;
  }
  if (anchor !== undefined && !anchored) faults.push({ connectionId, sequence: anchor.sequence, what: "cut" });
  return { entries, faults };
}
