import { GrantkeeperError } from "../errors.ts";
import { checkLimit } from "../store/paging.ts";
import type { Link, StoredAct } from "./chain.ts";
import type { AuditAccess, AuditEntry, AuditPage, AuditQuery } from "./entries.ts";
import type { OwnerKey } from "./owners.ts";

/** One page of entries, by owner or by connection. */
export async function listEntries(access: AuditAccess, query: AuditQuery): Promise<AuditPage> {
  const { owner, connectionId, limit = 100 } = query;
  checkLimit(limit);
  if (owner !== undefined) return listOfOwner(access, { ...query, owner, limit });
  if (connectionId !== undefined) return listOfConnection(access, { ...query, connectionId, limit });
  throw new GrantkeeperError("invalid_request", "Name the owner or the connection whose acts are asked for.");
}

type Asked<Named extends keyof AuditQuery> = AuditQuery & Required<Pick<AuditQuery, Named | "limit">>;

/** Under `audit-of/<subject>/<time>/<connectionId>/<sequence>` lies the mac of an entry of that owner. */
export const indexFolder = "audit-of/";

export function indexName(subject: string, at: number, { connectionId, sequence }: Omit<Link, "mac" | "text">): string {
  return `${indexFolder}${subject}/${timeOf(at)}/${connectionId}/${String(sequence).padStart(12, "0")}`;
}

function timeOf(at: number): string {
  return String(Math.max(0, Math.floor(at))).padStart(15, "0");
}

async function listOfOwner(access: AuditAccess, query: Asked<"owner">): Promise<AuditPage> {
  const { owner, connectionId, from, to, after, limit } = query;
  const ownerHash = access.hashOwner(owner);
  const key = await access.owners.find(ownerHash);
  if (key === undefined) return { entries: [], next: undefined };
  const prefix = `${indexFolder}${key.subject}/`;
  const end = to === undefined ? undefined : `${prefix}${timeOf(to.getTime())}`;
  const entries: AuditEntry[] = [];
  let place = after ?? (from === undefined ? undefined : `${prefix}${timeOf(from.getTime())}`);
  for (;;) {
    const page = await access.records.list({ prefix, after: place, limit: limit - entries.length });
    for (const { name, value } of page.records) {
      if (end !== undefined && name >= end) return { entries, next: undefined };
      const [id = "", sequence] = name.split("/").slice(-2);
      if (connectionId !== undefined && id !== connectionId) continue;
      const link = await access.chains.get(id, Number(sequence));
      // An index record of a try that another process was faster than leads to something else.
      if (link?.mac === Buffer.from(value).toString()) entries.push(entryOf(link, readAct(link), key));
    }
    place = page.next;
    if (place === undefined || entries.length === limit) return { entries, next: place };
  }
}

async function listOfConnection(access: AuditAccess, query: Asked<"connectionId">): Promise<AuditPage> {
  const { connectionId, from, to, after = "0", limit } = query;
  if (!/^[0-9]{1,12}$/.test(after)) {
    throw new GrantkeeperError("invalid_request", "A page begins after the last one's `next`.");
  }
  const keys = new Map<string, Promise<OwnerKey | undefined>>();
  const keyOf = (subject: string): Promise<OwnerKey | undefined> => {
    const key = keys.get(subject) ?? access.owners.findSubject(subject);
    keys.set(subject, key);
    return key;
  };
  const entries: AuditEntry[] = [];
  for (let place = Number(after); ; ) {
    const links = await access.chains.page(connectionId, place);
    for (const link of links) {
      place = link.sequence;
      const act = readAct(link);
      if (act.at < (from?.getTime() ?? act.at) || act.at >= (to?.getTime() ?? Number.POSITIVE_INFINITY)) continue;
      entries.push(entryOf(link, act, act.subject === undefined ? undefined : await keyOf(act.subject)));
      if (entries.length === limit) return { entries, next: String(place) };
    }
    if (links.length === 0) return { entries, next: undefined };
  }
}

/** An entry that is not as it was written is an error here; `verify` says which ones are not. */
function readAct({ connectionId, sequence, text }: Link): StoredAct {
  try {
    return JSON.parse(text) as StoredAct;
  } catch {
    throw new GrantkeeperError(
      "decryption_failed",
      `Entry ${sequence} of the audit log of ${connectionId} was changed: verify() finds what else was.`,
    );
  }
}

function entryOf({ connectionId, sequence }: Link, act: StoredAct, key: OwnerKey | undefined): AuditEntry {
  const { at, subject: _, sealed, ...rest } = act;
  const people = sealed === undefined ? undefined : key?.open(sealed, placeOf({ connectionId, sequence }));
  return { ...rest, connectionId, sequence, at: new Date(at), owner: people?.owner, actor: people?.actor };
}

/** What an entry's sealed part is bound to. */
export function placeOf({ connectionId, sequence }: Pick<Link, "connectionId" | "sequence">): string {
  return `${connectionId}/${sequence}`;
}
