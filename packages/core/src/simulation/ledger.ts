import type { HistoryEvent, Oracle, StoredGrant } from "./history.ts";
import type { Account, Call, JournalNote, Lease, Life, TokenRequest } from "./records.ts";

/** The state behind a history: what the checks look things up in. */
export interface Ledger {
  observe(event: HistoryEvent): void;
  life(id: number): Life;
  request(id: number): TokenRequest;
  call(id: number): Call | undefined;
  openCalls(): Iterable<Call>;
  /** Requests that sent this refresh token, in order. */
  requestsOf(refreshToken: string): readonly TokenRequest[];
  requests(): readonly TokenRequest[];
  /** Leases that were taken to send this refresh token, in order. */
  leasesFor(refreshToken: string): readonly Lease[];
  account(number: number): Account;
  accounts(): Iterable<readonly [number, Account]>;
  /** Whether this refresh token has ever lain in a row. */
  wasStored(refreshToken: string): boolean;
  /** Whether a row with this access token was ever committed. */
  wasCommitted(accessToken: string): boolean;
  /** The request that spent a refresh token first. */
  spenderOf(refreshToken: string): TokenRequest | undefined;
  /** Whether a restored backup has to do with the grant of this refresh token. */
  isTainted(refreshToken: string): boolean;
  notes(host: number): readonly JournalNote[];
}

export function createLedger({ grantOf, accountOf }: Pick<Oracle, "grantOf" | "accountOf">): Ledger {
  const lives = new Map<number, Life>();
  const requests: TokenRequest[] = [];
  const byId = new Map<number, TokenRequest>();
  const byToken = new Map<string, TokenRequest[]>();
  const calls = new Map<number, Call>();
  const accounts = new Map<number, Account>();
  /** With an intent, by the refresh token that lay in the row. */
  const leases = new Map<string, Lease[]>();
  /** The last one of each life for each account. */
  const lastLeases = new Map<string, Lease>();
  const spenders = new Map<string, TokenRequest>();
  const storedTokens = new Set<string>();
  const committedTokens = new Set<string>();
  const tainted = new Set<string>();
  const notes: JournalNote[] = [];

  function life(id: number): Life {
    const found = lives.get(id);
    if (found === undefined) throw new Error(`no life ${id}`);
    return found;
  }

  function request(id: number): TokenRequest {
    const found = byId.get(id);
    if (found === undefined) throw new Error(`no request ${id}`);
    return found;
  }

  function account(number: number): Account {
    let found = accounts.get(number);
    if (found === undefined) {
      found = {
        stored: undefined,
        marks: [],
        restoredAt: undefined,
        lastRestoredAt: undefined,
        renewedAt: undefined,
        calls: 0,
        requests: 0,
        otherLeases: 0,
      };
      accounts.set(number, found);
    }
    return found;
  }

  function put(at: number, by: Life | undefined, content: StoredGrant): Account {
    const own = account(content.account);
    // Who has seen a newer version than a restored one goes by that until a consent has replaced both.
    const forgets = by !== undefined && (own.restoredAt === undefined || !tainted.has(grantOf(content.refreshToken)));
    if (forgets) for (const mark of own.marks) mark.until = Math.min(mark.until, at);
    own.stored = content;
    if (content.ended !== undefined) own.marks.push({ by, from: at, until: Number.POSITIVE_INFINITY });
    storedTokens.add(content.refreshToken);
    committedTokens.add(content.accessToken);
    return own;
  }

  function taint(refreshToken: string | undefined): void {
    if (refreshToken !== undefined) tainted.add(grantOf(refreshToken));
  }

  function observe(event: HistoryEvent): void {
    const { at } = event;
    switch (event.kind) {
      case "born": {
        const { life: id, process, host, skewMs } = event;
        const fresh = { diedAt: undefined, closed: false, pausedAt: undefined, resumedAt: undefined };
        lives.set(id, { id, process, host, skewMs, ...fresh, hinderedUntil: Number.NEGATIVE_INFINITY });
        return;
      }
      case "died": {
        const own = life(event.life);
        own.diedAt = at;
        own.closed = event.closed;
        for (const [id, call] of calls) if (call.life === own) calls.delete(id);
        for (const sent of requests) {
          if (sent.life !== own || sent.outcome !== "open") continue;
          sent.outcome = "unclear";
          sent.cause = event.closed ? undefined : "crash";
          sent.closedAt = at;
        }
        return;
      }
      case "paused":
        life(event.life).pausedAt = at;
        life(event.life).resumedAt = undefined;
        return;
      case "resumed":
        life(event.life).resumedAt = at;
        return;
      case "hindered":
        life(event.life).hinderedUntil = Math.max(life(event.life).hinderedUntil, event.until);
        return;
      case "called": {
        const { call: id, account: number, purpose, rejected } = event;
        calls.set(id, { id, life: life(event.life), account: number, purpose, rejected, at });
        const touched = number === undefined ? accounts.values() : [account(number)];
        for (const own of touched) own.calls++;
        return;
      }
      case "returned":
      case "threw":
        calls.delete(event.call);
        return;
      case "stored": {
        const own = put(at, event.life === undefined ? undefined : life(event.life), event);
        if (own.restoredAt === undefined || tainted.has(grantOf(event.refreshToken))) return;
        own.restoredAt = undefined;
        own.renewedAt = at;
        return;
      }
      case "restored": {
        taint(account(event.account).stored?.refreshToken);
        const own = put(at, undefined, event);
        own.restoredAt = at;
        own.lastRestoredAt = at;
        taint(event.refreshToken);
        return;
      }
      case "deleted":
        account(event.account).stored = undefined;
        return;
      case "leased": {
        const { connectionId, fence, until, intent, found } = event;
        const own = account(event.account);
        if (intent === undefined) own.otherLeases++;
        else {
          const { stored } = own;
          const { attemptId } = intent;
          const by = life(event.life);
          const lease = { life: by, at, account: event.account, connectionId, fence, until, attemptId, found, stored };
          add(leases, stored?.refreshToken ?? "", lease);
          lastLeases.set(`${event.life}/${event.account}`, lease);
        }
        return;
      }
      case "sent":
        send(at, event.request, life(event.life), event.refreshToken);
        return;
      case "presented": {
        const sent = request(event.request);
        sent.presentedAt = at;
        sent.issued = event.issued;
        if (event.issued !== undefined && !spenders.has(sent.refreshToken)) spenders.set(sent.refreshToken, sent);
        sent.late = sent.outcome !== "open" || (sent.lease !== undefined && at >= sent.lease.until);
        return;
      }
      case "closed": {
        const sent = request(event.request);
        if (sent.outcome !== "open") return;
        sent.outcome = event.outcome;
        sent.cause = event.cause;
        sent.closedAt = at;
        return;
      }
      case "journalled":
        notes.push({ ...event, life: life(event.life) });
        return;
      case "unjournalled": {
        const place = notes.findIndex(({ host, attemptId }) => host === event.host && attemptId === event.attemptId);
        if (place >= 0) notes.splice(place, 1);
        return;
      }
    }
  }

  function send(at: number, id: number, by: Life, refreshToken: string): void {
    const lease = lastLeases.get(`${by.id}/${accountOf(refreshToken)}`);
    const sent: TokenRequest = {
      ...{ id, life: by, refreshToken, sentAt: at, lease, outcome: "open", late: false },
      ...{ presentedAt: undefined, issued: undefined, closedAt: undefined, cause: undefined },
    };
    requests.push(sent);
    byId.set(id, sent);
    add(byToken, refreshToken, sent);
    if (lease !== undefined) account(lease.account).requests++;
  }

  return {
    observe,
    life,
    request,
    call: (id) => calls.get(id),
    openCalls: () => calls.values(),
    requestsOf: (refreshToken) => byToken.get(refreshToken) ?? [],
    requests: () => requests,
    leasesFor: (refreshToken) => leases.get(refreshToken) ?? [],
    account,
    accounts: () => accounts.entries(),
    wasStored: (refreshToken) => storedTokens.has(refreshToken),
    wasCommitted: (accessToken) => committedTokens.has(accessToken),
    spenderOf: (refreshToken) => spenders.get(refreshToken),
    isTainted: (refreshToken) => tainted.has(grantOf(refreshToken)),
    notes: (host) => notes.filter((note) => note.host === host),
  };
}

function add<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
