import { type ConnectionStatus, isGrantkeeperError } from "@grantkeeper/core";
import type { SampleKeeper } from "./connectors.ts";

/** Every connection of one user, oldest first. */
export async function statusesOf(keeper: SampleKeeper, owner: string): Promise<readonly ConnectionStatus[]> {
  const found: ConnectionStatus[] = [];
  for await (const connection of keeper.connections({ owner })) {
    try {
      found.push(await connection.status());
    } catch (error) {
      // Disconnected in another tab since the list was read.
      if (!(isGrantkeeperError(error) && error.code === "not_connected")) throw error;
    }
  }
  return found.sort((a, b) => a.connectedAt.getTime() - b.connectedAt.getTime());
}
