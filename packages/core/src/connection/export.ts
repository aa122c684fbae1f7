import type { ConnectionStatus } from "./connection.ts";
import type { Connections } from "./connections.ts";

/** What is kept of an owner, as JSON and without tokens: dates are in ISO 8601. */
export interface OwnerExport {
  readonly owner: string;
  readonly exportedAt: string;
  readonly connections: readonly ConnectionStatus[];
}

/** Collects it, connection by connection. Dates become text when it is made JSON. */
export async function exportOwner(connections: Connections, owner: string, now: number): Promise<OwnerExport> {
  const statuses: ConnectionStatus[] = [];
  for await (const connection of connections.list({ owner })) statuses.push(await connection.status());
  return { owner, exportedAt: new Date(now).toISOString(), connections: statuses };
}
