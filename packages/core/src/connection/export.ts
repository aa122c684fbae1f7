import type { ConnectionStatus } from "./connection.ts";
import type { Connections } from "./connections.ts";

/** An owner's connections, without tokens. */
export interface ConnectionsExport {
  readonly owner: string;
  readonly exportedAt: string;
  readonly connections: readonly ConnectionStatus[];
}

/** Collects it, connection by connection. Dates become text when it is made JSON. */
export async function exportConnections(
  connections: Connections,
  owner: string,
  now: number,
): Promise<ConnectionsExport> {
  const statuses: ConnectionStatus[] = [];
  for await (const connection of connections.list({ owner })) statuses.push(await connection.status());
  return { owner, exportedAt: new Date(now).toISOString(), connections: statuses };
}
