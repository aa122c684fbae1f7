import type { Store } from "../store/port.ts";
import type { ActDetails } from "./acts.ts";
import type { Chains } from "./chain.ts";
import type { Owners } from "./owners.ts";

/** One act on a grant. */
export interface AuditEntry extends ActDetails {
  readonly connectionId: string;
  /** Counts a connection's entries from 1. */
  readonly sequence: number;
  readonly at: Date;
  readonly connector: string;
  /** `undefined` once the owner was erased. */
  readonly owner: string | undefined;
  /** Who acted, where the application has said so; `undefined` once the owner was erased. */
  readonly actor: string | undefined;
}

export interface AuditQuery {
  /** All acts on an owner's connections, in the order of time. */
  readonly owner?: string;
  /** All acts on a connection, in their order; with `owner`, of that owner's only. */
  readonly connectionId?: string;
  /** From this time on, and before that one. */
  readonly from?: Date;
  readonly to?: Date;
  /** The last page's `next`. */
  readonly after?: string | undefined;
  /** 1 to 1000. Default 100. */
  readonly limit?: number;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** `undefined`: that was all. */
  readonly next: string | undefined;
}

/** What a keeper gives to its log. */
export interface AuditAccess {
  readonly chains: Chains;
  readonly owners: Owners;
  readonly records: Store["records"];
  readonly hashOwner: (owner: string) => string;
}
