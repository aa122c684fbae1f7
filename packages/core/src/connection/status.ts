import type { Connector } from "../connector/types.ts";
import type { OpenGrant } from "../grant/grant.ts";
import { isRenewable } from "../grant/live-token-set.ts";
import { missingScopes } from "../grant/scopes.ts";
import type { ConnectionStatus, TokenSetStatus } from "./connection.ts";

/** What may be shown of a grant; its connector is `undefined` where it is no longer configured. */
export function statusOf({ row, grant }: OpenGrant, connector: Connector | undefined): ConnectionStatus {
  const tokenSets = Object.entries(grant.tokenSets).map(([name, set]): [string, TokenSetStatus] => [
    name,
    {
      ended: grant.ended[name],
      scopes: {
        requested: grant.requestedScopes[name] ?? [],
        granted: set.scopes,
        missing: missingScopes(connector, name, grant),
      },
      obtainedAt: new Date(set.obtainedAt),
      expiresAt: toDate(set.expiresAt),
      refreshable: isRenewable(grant, name, set),
      refreshTokenExpiresAt: toDate(set.refreshTokenExpiresAt),
    },
  ]);
  return {
    connectionId: row.connectionId,
    connector: grant.connector,
    state: row.state,
    account: grant.account,
    params: grant.params,
    metadata: grant.metadata,
    tokenSets: Object.fromEntries(tokenSets),
    connectedAt: new Date(grant.connectedAt),
    refreshedAt: toDate(grant.refreshedAt),
  };
}

function toDate(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
