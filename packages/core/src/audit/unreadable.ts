import type { Events } from "../events.ts";
import type { GrantRow } from "../store/port.ts";

/** Of how many rows it is remembered that they were told of. */
const maximumTold = 1_000;

/** Tells of a row that does not open, once for each state that it is found in. */
export function tellUnreadable(events: Events): (row: GrantRow) => void {
  const told = new Map<string, Uint8Array>();
  return ({ connectionId, connector, ownerHash, sealed }) => {
    const before = told.get(connectionId);
    if (before !== undefined && Buffer.compare(before, sealed) === 0) return;
    told.delete(connectionId);
    told.set(connectionId, sealed);
    const [oldest] = told.keys();
    if (told.size > maximumTold && oldest !== undefined) told.delete(oldest);
    events.emit("connection.decryption_failed", { connector, connectionId }, { ownerHash });
  };
}
