import { delay, type Environment } from "../environment.ts";
import { type ErrorCode, GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Events, Logger } from "../events.ts";
import type { Grant, OpenGrant } from "../grant/grant.ts";
import type { Grants } from "../grant/grants.ts";
import { type HeldGrant, type Leases, notConnected } from "../grant/leases.ts";
import type { Revocation } from "../grant/revocation.ts";
import type { TokenSet } from "../provider/token-response.ts";
import { sameSecret } from "../secret.ts";
import type { GrantRow } from "../store/port.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { openIntent } from "./recovery.ts";

export interface SaveOptions {
  readonly grants: Grants;
  readonly leases: Leases;
  readonly revocation: Revocation;
  readonly journal: Journal;
  readonly events: Events;
  readonly logger: Logger;
  readonly environment: Environment;
  readonly isClosed: () => boolean;
  /** How long a provider may still have to do with a request that had no answer. */
  readonly recoveryWaitMs: number;
}

/** A refresh's result on its way into the store. */
export interface Received {
  /** The token set that the refresh asked for. */
  readonly name: string;
  readonly attemptId: string;
  readonly tokenSets: Readonly<Record<string, TokenSet>>;
  /** Whether its access token may be used, as one may that the provider has just given. Others are refreshed first. */
  readonly usable: boolean;
  /** Whether the spent refresh token may have been sent a second time, which a provider may take for a theft. */
  readonly doubted: boolean;
}

/**
 * Commits what a refresh received. A store that is down is tried again for as long as the keeper is open, with the journal
 * to hold it meanwhile: nothing else has this refresh token. Where another has moved the row, the commit is made on what is
 * there now, unless that replaced the same token set. `undefined`: it is saved, and its access token must not be used.
 */
export async function saveRefreshed(
  options: SaveOptions,
  held: HeldGrant,
  received: Received,
): Promise<OpenGrant | undefined> {
  const { grants, leases, revocation, isClosed, environment } = options;
  const { name, tokenSets } = received;
  const { connectionId } = held.lease;
  const own = tokenSets[name];
  const spent = held.grant.tokenSets[name]?.refreshToken;
  const rotated = !sameSecret(own?.refreshToken, spent);
  const journalled = createJournalled(options, () => entryOf(grants, held, received));
  let { usable, doubted } = received;

  async function commit(target: HeldGrant): Promise<OpenGrant | undefined> {
    const now = environment.now();
    const doubtedUntil = doubted ? now + options.recoveryWaitMs : undefined;
    const grant = withReceived(target.grant, { ...received, usable, doubtedUntil }, now);
    const { outcome, row } = await grants.commit(target, grant, { replaced: [name] });
    return outcome === "committed" ? { row, grant } : undefined;
  }

  /** What the row holds now decides: `saved` where there is nothing left to commit. */
  async function retarget(): Promise<{ readonly saved: OpenGrant } | { readonly target: HeldGrant | undefined }> {
    const current = await grants.read(connectionId);
    if (current === undefined) {
      // Disconnected meanwhile: what arrived late must not live on at the provider.
      await revocation.revoke({ ...held.grant, tokenSets }, connectionId);
      await journalled.remove();
      throw notConnected();
    }
    const { row, grant } = current;
    const there = grant.tokenSets[name];
    const isSaved =
      sameSecret(there?.accessToken, own?.accessToken) && sameSecret(there?.refreshToken, own?.refreshToken);
    if (isSaved || !sameSecret(there?.refreshToken, spent)) return { saved: current };
    // What came later counts for more than what brings no new refresh token: a consent, and another's refresh.
    const outdated = row.grantId !== held.row.grantId || (there?.fence ?? 0) > (own?.fence ?? held.lease.fence);
    if (!rotated && outdated) return { saved: current };
    // Another has seen the provider refuse the spent one, or may have made it do so. The next refresh tells.
    if (grant.ended[name] !== undefined || (rotated && isSentAgain(row))) {
      usable = false;
      doubted = true;
    }
    return { target: await leases.tryTake(current) };
  }

  function isSentAgain({ intents }: GrantRow): boolean {
    const intent = openIntent(intents, name, grants.hashRefreshToken(spent));
    return intent !== undefined && intent.attemptId !== received.attemptId;
  }

  let target: HeldGrant | undefined = held;
  for (let attempt = 0; ; attempt++) {
    try {
      if (target === undefined) {
        const next = await retarget();
        if ("saved" in next) {
          await journalled.remove();
          return next.saved;
        }
        target = next.target;
      }
      // As long as nobody else has taken the lease, a late commit still holds.
      const saved = target === undefined ? undefined : await commit(target);
      if (saved !== undefined) {
        await journalled.remove();
        return usable ? saved : undefined;
      }
      target = undefined;
    } catch (error) {
      if (!maySucceedLater(error) || isClosed()) throw error;
      await journalled.write();
    }
    if (isClosed()) {
      throw new GrantkeeperError("closed", "The keeper was closed while a refreshed token waited for its store.");
    }
    await delay(environment, Math.min(2_000, 25 * 2 ** Math.min(attempt, 8)));
  }
}

/** The grant with what was received in it; a token set that had ended is alive again. */
function withReceived(
  grant: Grant,
  { name, tokenSets, usable, doubtedUntil }: Omit<Received, "doubted"> & { readonly doubtedUntil: number | undefined },
  now: number,
): Grant {
  const own = tokenSets[name];
  const received =
    usable || own === undefined
      ? tokenSets
      : { ...tokenSets, [name]: { ...own, expiresAt: Math.min(now, own.expiresAt ?? now) } };
  const { [name]: _, ...ended } = grant.ended;
  return {
    ...grant,
    tokenSets: { ...grant.tokenSets, ...received },
    ended,
    doubtedUntil: doubtedUntil === undefined ? grant.doubtedUntil : { ...grant.doubtedUntil, [name]: doubtedUntil },
    refreshedAt: usable ? now : grant.refreshedAt,
  };
}

function entryOf(grants: Grants, held: HeldGrant, { name, attemptId, tokenSets }: Received): JournalEntry {
  return {
    connectionId: held.lease.connectionId,
    grantId: held.row.grantId,
    attemptId,
    tokenSet: name,
    refreshTokenHash: grants.hashRefreshToken(held.grant.tokenSets[name]?.refreshToken),
    received: tokenSets,
    grant: held.grant,
  };
}

/** Writes the entry once, and removes it if it was written. */
function createJournalled(
  { journal, logger }: SaveOptions,
  entryOfThis: () => JournalEntry,
): { readonly write: () => Promise<void>; readonly remove: () => Promise<void> } {
  let written: JournalEntry | undefined;
  const failed = (what: string, { connectionId }: JournalEntry, error: unknown): void => {
    // The commit itself goes on and is what counts: the journal is for the case that this process dies before it succeeds.
    const code = isGrantkeeperError(error) ? error.code : "unknown";
    logger.error(`The journal could not be ${what}`, { connectionId, code });
  };
  return {
    async write() {
      if (written !== undefined) return;
      const entry = entryOfThis();
      // Without a refresh token nothing is lost that could not be had once more.
      if (Object.values(entry.received).every(({ refreshToken }) => refreshToken === undefined)) return;
      await journal.write(entry).then(
        () => {
          written = entry;
        },
        (error: unknown) => failed("written", entry, error),
      );
    },
    async remove() {
      const entry = written;
      if (entry === undefined) return;
      // What stays behind is found superseded by whoever reads it.
      await journal.remove(entry).catch((error: unknown) => failed("cleared", entry, error));
    },
  };
}

/** What may pass, or be mended by a person while this process lives: nothing else has what it holds. */
function maySucceedLater(error: unknown): boolean {
  return isGrantkeeperError(error) && passing.has(error.code);
}

const passing: ReadonlySet<ErrorCode> = new Set(["store_unavailable", "keys_unavailable", "invalid_config"]);
