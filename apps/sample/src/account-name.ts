import type { ConnectionStatus } from "@grantkeeper/core";

/** What people call an account: a name, or else the provider's id. */
export function accountName(account: ConnectionStatus["account"]): string {
  if (account === undefined) return "Account without a name";
  return account.name ?? `Account ${account.id}`;
}
