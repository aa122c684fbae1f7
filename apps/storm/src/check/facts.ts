import type { History } from "../history/history.ts";
import { type Chains, readChains } from "./chains.ts";
import { type Fates, readFates } from "./fates.ts";
import { type Accounts, readAccounts } from "./senders.ts";
import { readVersions, type Versions } from "./versions.ts";

/** A history, put in order: what each invariant is checked on. */
export interface Facts {
  readonly history: History;
  readonly accounts: Accounts;
  readonly chains: Chains;
  readonly versions: Versions;
  readonly fates: Fates;
}

export function readFacts(history: History): Facts {
  const accounts = readAccounts(history);
  const chains = readChains(history);
  const versions = readVersions(history, accounts, chains);
  return { history, accounts, chains, versions, fates: readFates(history, accounts, versions) };
}

export type InvariantId = "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I7" | "I8";

export interface Violation {
  readonly invariant: InvariantId;
  readonly text: string;
  /** What to look at in the history. */
  readonly connection: string | undefined;
  /** The request whose chain of refresh tokens it is about. */
  readonly request?: string | undefined;
}
