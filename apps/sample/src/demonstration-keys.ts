import type { Connector } from "@grantkeeper/core";

/** An API key that an emulated provider takes. It opens nothing else, so the page may show it. */
export interface DemonstrationKey {
  readonly key: string;
  readonly accountId: string;
  /** Whose it is, by the name for people. */
  readonly accountName: string;
}

/** One key for each of the first two accounts that a connector's emulation has. */
export async function demonstrationKeys(connector: Connector): Promise<readonly DemonstrationKey[]> {
  const { accounts } = (await connector.emulation?.()) ?? { accounts: [] };
  return accounts.slice(0, 2).map(({ id, name }, index) => ({
    key: `${connector.id}-demonstration-key-${index + 1}`,
    accountId: id,
    accountName: name,
  }));
}
