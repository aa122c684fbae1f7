import { GrantkeeperError } from "../../errors.ts";
import type { GrantRow, ListQuery } from "../port.ts";

type Entry = Pick<
  GrantRow,
  "connectionId" | "connector" | "ownerHash" | "accountHash" | "tokenHashes" | "identityHash" | "state" | "dueAt"
> & {
  /** Counts up as rows are added: the order of pages. */
  readonly sequence: number;
};

export interface DueRow {
  readonly connectionId: string;
  /** What the next page goes on after. */
  readonly place: string;
}

/** Which rows there are, in memory: Keyv itself finds by key only. True while one process alone writes. */
export interface IndexOfRows {
  set(row: GrantRow): void;
  delete(connectionId: string): void;
  page(query: ListQuery): { readonly connectionIds: readonly string[]; readonly next: string | undefined };
  /** The rows that are due until then, those due longest first, after a place in this order. */
  due(until: number, after: string | undefined): Iterable<DueRow>;
  /** Keeps an identity for a row that is about to be written; returns the connection that has it, or will have it. */
  reserve(identityHash: string, connectionId: string): string | undefined;
  endReservation(identityHash: string, connectionId: string): void;
  /** Ends every reservation of a connection. */
  endReservations(connectionId: string): void;
}

export function createIndexOfRows(): IndexOfRows {
  const entries = new Map<string, Entry>();
  const identities = new Map<string, string>();
  const reservations = new Map<string, string>();
  const byOwner = new Map<string, Set<string>>();
  const byAccount = new Map<string, Set<string>>();
  const byToken = new Map<string, Set<string>>();
  /** Sorted when it is asked for, as most changes come between two claims. */
  let dueOrder: readonly DueEntry[] | undefined;
  let sequence = 0;

  function forget(connectionId: string): Entry | undefined {
    const entry = entries.get(connectionId);
    if (entry === undefined) return undefined;
    identities.delete(entry.identityHash);
    removeFrom(byOwner, entry.ownerHash, connectionId);
    removeFrom(byAccount, entry.accountHash, connectionId);
    for (const tokenHash of entry.tokenHashes) removeFrom(byToken, tokenHash, connectionId);
    return entry;
  }

  function entriesInDueOrder(): readonly DueEntry[] {
    dueOrder ??= [...entries.values()].filter(isDueEntry).sort(byDue);
    return dueOrder;
  }

  /** The entries of the most telling condition, in their order. */
  function candidates({ tokenHash, ownerHash, accountHash }: ListQuery): Iterable<Entry> {
    const [found] = [
      ...(tokenHash === undefined ? [] : [byToken.get(tokenHash) ?? []]),
      ...(ownerHash === undefined ? [] : [byOwner.get(ownerHash) ?? []]),
      ...(accountHash === undefined ? [] : [byAccount.get(accountHash) ?? []]),
    ];
    if (found === undefined) return entries.values();
    return [...found].flatMap((id) => entries.get(id) ?? []).sort((a, b) => a.sequence - b.sequence);
  }

  return {
    set(row) {
      const known = forget(row.connectionId);
      if (known?.dueAt !== row.dueAt) dueOrder = undefined;
      const { connectionId, connector, ownerHash, accountHash, tokenHashes, identityHash, state, dueAt } = row;
      const entry = { connectionId, connector, ownerHash, accountHash, tokenHashes, identityHash, state, dueAt };
      entries.set(connectionId, { ...entry, sequence: known?.sequence ?? ++sequence });
      identities.set(identityHash, connectionId);
      addTo(byOwner, ownerHash, connectionId);
      addTo(byAccount, accountHash, connectionId);
      for (const tokenHash of tokenHashes) addTo(byToken, tokenHash, connectionId);
    },
    delete(connectionId) {
      if (forget(connectionId)?.dueAt !== undefined) dueOrder = undefined;
      entries.delete(connectionId);
    },
    page(query) {
      const after = query.after === undefined ? 0 : Number(query.after);
      if (!Number.isFinite(after)) throw notAPlace();
      const page: Entry[] = [];
      for (const entry of candidates(query)) {
        if (entry.sequence <= after || !matches(entry, query)) continue;
        if (page.length === query.limit) return { connectionIds: idsOf(page), next: String(page.at(-1)?.sequence) };
        page.push(entry);
      }
      return { connectionIds: idsOf(page), next: undefined };
    },
    *due(until, after) {
      const order = entriesInDueOrder();
      const place = after === undefined ? undefined : placeOf(after);
      for (let at = place === undefined ? 0 : indexAfter(order, place); at < order.length; at++) {
        const entry = order[at];
        if (entry === undefined || entry.dueAt > until) return;
        yield { connectionId: entry.connectionId, place: `${entry.dueAt}:${entry.sequence}` };
      }
    },
    reserve(identityHash, connectionId) {
      const holder = identities.get(identityHash) ?? reservations.get(identityHash);
      if (holder !== undefined && holder !== connectionId) return holder;
      reservations.set(identityHash, connectionId);
      return undefined;
    },
    endReservation(identityHash, connectionId) {
      if (reservations.get(identityHash) === connectionId) reservations.delete(identityHash);
    },
    endReservations(connectionId) {
      for (const [identityHash, holder] of reservations) {
        if (holder === connectionId) reservations.delete(identityHash);
      }
    },
  };
}

function matches(entry: Entry, query: ListQuery): boolean {
  return (
    (query.ownerHash === undefined || entry.ownerHash === query.ownerHash) &&
    (query.accountHash === undefined || entry.accountHash === query.accountHash) &&
    (query.tokenHash === undefined || entry.tokenHashes.includes(query.tokenHash)) &&
    (query.connector === undefined || entry.connector === query.connector) &&
    (query.state === undefined || entry.state === query.state)
  );
}

type DueEntry = Entry & { readonly dueAt: number };
type Place = Pick<DueEntry, "dueAt" | "sequence">;

function isDueEntry(entry: Entry): entry is DueEntry {
  return entry.dueAt !== undefined;
}

function byDue(one: Place, other: Place): number {
  return one.dueAt - other.dueAt || one.sequence - other.sequence;
}

function placeOf(after: string): Place {
  const [dueAt, sequence] = after.split(":").map(Number);
  if (!Number.isFinite(dueAt) || !Number.isFinite(sequence)) throw notAPlace();
  return { dueAt: Number(dueAt), sequence: Number(sequence) };
}

/** The first index in the order that comes after a place. */
function indexAfter(order: readonly DueEntry[], place: Place): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = order[middle];
    if (entry !== undefined && byDue(entry, place) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function notAPlace(): GrantkeeperError {
  return new GrantkeeperError("invalid_request", "A page begins after the last one's `next`.");
}

function idsOf(entries: readonly Entry[]): string[] {
  return entries.map((entry) => entry.connectionId);
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function removeFrom(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
