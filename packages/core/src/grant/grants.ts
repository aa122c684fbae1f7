import type { Account } from "../connector/types.ts";
import type { Environment } from "../environment.ts";
import { GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { TokenSet } from "../provider/token-response.ts";
import { fromSealed, type Secret, toSealable } from "../secret.ts";
import type { GrantPayload, GrantRow, GrantState, LeaseKey, Store } from "../store/port.ts";
import type { DataKeys, PreparedSeal, WrappedKey } from "../vault/data-keys.ts";
import type { Index } from "../vault/index-key.ts";
import { dueAtOf } from "./due.ts";
import { type Grant, grantOf, type OpenGrant } from "./grant.ts";
import { createOwnerHashes } from "./owner-hashes.ts";
import type { Subject } from "./subject.ts";

/** Keyed hashes by which a row is found. */
type Identity = Pick<GrantRow, "identityHash" | "accountHash">;

/** Reads and writes grants as sealed rows. */
export interface Grants {
  /** Makes the store and its index key ready; each of the others does so first. */
  ready(): Promise<void>;
  /** A strong read; `undefined` only when there is no such row. */
  read(connectionId: string): Promise<OpenGrant | undefined>;
  open(row: GrantRow): Promise<OpenGrant>;
  /**
   * Adds a grant under a connection id of the caller's, who gives the same one to try again when the answer was lost. Not
   * inserted: another connection is that of the same owner and account.
   */
  insert(grant: Grant, connectionId: string): Promise<{ readonly inserted: boolean; readonly connectionId: string }>;
  /**
   * Replaces the grant under a lease, whose holder has replaced the token sets named. `newGrantId` for a new consent, which
   * alone may change whose account it is.
   */
  commit(
    held: { readonly lease: LeaseKey; readonly row: GrantRow },
    grant: Grant,
    options: { readonly replaced: readonly string[]; readonly newGrantId?: boolean },
  ): Promise<{ readonly outcome: "committed" | "superseded" | "identity_taken"; readonly row: GrantRow }>;
  /** Does what a commit on that very row can do before its grant is there, for the next one that is made. */
  prepareCommit(row: GrantRow): Promise<void>;
  hashOwner(owner: string): string;
  subjectOf(grant: Pick<Grant, "owner">): Subject;
  /** What makes a connection this one and no other; `undefined` where no account is known. */
  hashIdentity(grant: Pick<Grant, "owner" | "connector" | "account" | "params">): string | undefined;
  hashAccount(connector: string, account: Account): string;
  /** Of what keeps a token set alive: its refresh token, or its access token where it has none. */
  hashToken(tokenSet: TokenSet): string;
  hashAccessToken(tokenSet: TokenSet): string;
  /** Where there is none, it is the hash of nothing. */
  hashRefreshToken(refreshToken: Secret | undefined): string;
  hashFlow(...parts: readonly string[]): string;
  /** Of an entry of the audit log and the one before it. */
  hashEntry(...parts: readonly string[]): string;
}

export interface GrantsOptions {
  readonly store: Store;
  readonly dataKeys: DataKeys;
  readonly openIndex: () => Promise<Index>;
  readonly connectors: Connectors;
  readonly environment: Environment;
  /** Called once, when the store has been opened. */
  readonly onOpen: () => void;
  /** Told of a row that is not what was sealed into it. */
  readonly onUnreadable: (row: GrantRow) => void;
}

export function createGrants({
  store,
  dataKeys,
  openIndex,
  connectors,
  environment,
  onOpen,
  onUnreadable,
}: GrantsOptions): Grants {
  const { randomId } = environment;
  let index: Index | undefined;
  let opening: Promise<void> | undefined;
  /** Each is taken once. By the row itself, not by its version: what is sealed for another place does not open. */
  const prepared = new WeakMap<GrantRow, PreparedSeal>();

  function ready(): Promise<void> {
    if (index !== undefined) return Promise.resolve();
    opening ??= store
      .migrate()
      .then(openIndex)
      .then((opened) => {
        index = opened;
        onOpen();
      })
      .finally(() => {
        // A store that was down may be up at the next call.
        opening = undefined;
      });
    return opening;
  }

  function hash(kind: string, ...parts: readonly string[]): string {
    if (index === undefined) throw new GrantkeeperError("store_unavailable", "The store's index key was not read yet.");
    return index.hash(kind, ...parts);
  }

  const hashOwner = createOwnerHashes((owner) => hash("owner", owner));
  const hashAccount = (connector: string, account: Account): string => hash("account", connector, account.id);

  function hashIdentity({
    owner,
    connector,
    account,
    params,
  }: Pick<Grant, "owner" | "connector" | "account" | "params">) {
    const sortedParams = Object.entries(params)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flat();
    return account === undefined ? undefined : hash("identity", owner, connector, account.id, ...sortedParams);
  }

  const hashRefreshToken = (refreshToken: Secret | undefined): string =>
    hash("refresh-token", refreshToken?.reveal() ?? "");
  const hashAccessToken = ({ accessToken }: TokenSet): string => hash("access-token", accessToken.reveal());
  const hashToken = (tokenSet: TokenSet): string =>
    tokenSet.refreshToken === undefined ? hashAccessToken(tokenSet) : hashRefreshToken(tokenSet.refreshToken);

  function identityOf(grant: Grant, connectionId: string): Identity {
    const { account, connector } = grant;
    return {
      // Without an account there is nothing to recognise it by: such a grant is its own.
      identityHash: hashIdentity(grant) ?? hash("unidentified", connectionId),
      accountHash: account === undefined ? hash("unidentified", connectionId) : hashAccount(connector, account),
    };
  }

  async function payloadOf(
    key: WrappedKey,
    grantId: string,
    version: number,
    grant: Grant,
    { identityHash, accountHash, dueAt }: Identity & Pick<GrantRow, "dueAt">,
    seal?: PreparedSeal,
  ): Promise<GrantPayload> {
    const { connectionId } = key;
    // What was received is saved without waiting for the application's code: else it stays due as it was.
    const connector = connectors.lastKnown(grant.connector, grant.owner);
    const state: GrantState = Object.keys(grant.ended).length === 0 ? "active" : "needs_reauthorization";
    const plaintext = toSealable(grant);
    return {
      grantId,
      version,
      state,
      sealed: seal?.(plaintext) ?? (await dataKeys.seal(key, plaintext, sealContext(connectionId, grantId, version))),
      dueAt: connector === undefined ? dueAt : dueAtOf(grant, connector, connectionId),
      identityHash,
      accountHash,
      tokenHashes: Object.values(grant.tokenSets).map(hashToken),
    };
  }

  async function open(row: GrantRow): Promise<OpenGrant> {
    await ready();
    const context = sealContext(row.connectionId, row.grantId, row.version);
    const plaintext = await dataKeys.open(row, row.sealed, context).catch((error: unknown) => {
      if (isGrantkeeperError(error) && error.code === "decryption_failed") onUnreadable(row);
      throw error;
    });
    const grant = grantOf(fromSealed(plaintext));
    // Rows are found by these two, which are not sealed: whoever changed them must not get another one's grant.
    if (row.ownerHash === hashOwner(grant.owner) && row.connector === grant.connector) return { row, grant };
    onUnreadable(row);
    throw new GrantkeeperError(
      "decryption_failed",
      "A row is found under another owner or connector than its sealed grant names: it was changed.",
    );
  }

  return {
    ready,
    open,
    async read(connectionId) {
      await ready();
      const row = await store.get(connectionId);
      return row === undefined ? undefined : open(row);
    },
    async insert(grant, connectionId) {
      await ready();
      const key = { connectionId, wrappedKey: await dataKeys.create(connectionId) };
      const identity = { ...identityOf(grant, connectionId), dueAt: undefined };
      const payload = await payloadOf(key, randomId("gnt"), 1, grant, identity);
      const ownerHash = hashOwner(grant.owner);
      const result = await store.insert({ ...payload, ...key, connector: grant.connector, ownerHash });
      // Taken by this very connection: an earlier try was stored, and only its answer was lost.
      const inserted = result.inserted || result.connectionId === connectionId;
      return { inserted, connectionId: result.inserted ? connectionId : result.connectionId };
    },
    async prepareCommit(row) {
      const context = sealContext(row.connectionId, row.grantId, row.version + 1);
      prepared.set(row, await dataKeys.prepareSeal(row, context));
    },
    async commit({ lease, row }, grant, { replaced, newGrantId = false }) {
      const { connectionId } = lease;
      const grantId = newGrantId ? randomId("gnt") : row.grantId;
      // What lies in the row is taken over, so that a refresh token is saved whatever became of these columns.
      const identity = newGrantId ? { ...identityOf(grant, connectionId), dueAt: row.dueAt } : row;
      const seal = newGrantId ? undefined : prepared.get(row);
      prepared.delete(row);
      const payload = await payloadOf(row, grantId, row.version + 1, grant, identity, seal);
      const expected = { connectionId, grantId: row.grantId, version: row.version, fence: lease.fence };
      const outcome = await store.commit({ expected, payload, clearIntents: replaced });
      const intents = row.intents.filter((intent) => !replaced.includes(intent.tokenSet));
      return { outcome, row: { ...row, ...payload, fence: lease.fence, lease: undefined, intents } };
    },
    hashOwner,
    subjectOf: ({ owner }) => ({ ownerHash: hashOwner(owner), owner }),
    hashIdentity,
    hashAccount,
    hashRefreshToken,
    hashAccessToken,
    hashToken,
    hashFlow: (...parts) => hash("flow", ...parts),
    hashEntry: (...parts) => hash("audit", ...parts),
  };
}

function sealContext(
  connectionId: string,
  grantId: string,
  version: number,
): { readonly kind: "grant"; readonly id: string; readonly version: number } {
  return { kind: "grant", id: `${connectionId}/${grantId}`, version };
}
