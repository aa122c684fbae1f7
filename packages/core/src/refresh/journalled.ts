import { isGrantkeeperError } from "../errors.ts";
import type { OpenGrant } from "../grant/grant.ts";
import { type HeldGrant, notConnected } from "../grant/leases.ts";
import type { GrantRow } from "../store/port.ts";
import type { JournalEntry } from "./journal.ts";
import { type SaveOptions, saveRefreshed } from "./save-refreshed.ts";

/**
 * Whether an entry is what the row waits for: the refresh token that it replaces is the stored one, and nobody has sent
 * that since. Otherwise it is a candidate at best, which is tried before the grant is given up.
 */
export function applies(entry: JournalEntry, row: GrantRow, refreshTokenHash: string): boolean {
  const attempt = row.intents.find((intent) => intent.tokenSet === entry.tokenSet)?.attemptId;
  return entry.grantId === row.grantId && entry.refreshTokenHash === refreshTokenHash && entry.attemptId === attempt;
}

/** Commits what an entry holds, and removes it. Its access token may be old: whoever wants one looks again. */
export async function applyEntry(options: SaveOptions, held: HeldGrant, entry: JournalEntry): Promise<"look again"> {
  const { tokenSet: name, attemptId, received: tokenSets } = entry;
  const doubted = held.grant.ended[name] !== undefined;
  await saveRefreshed(options, held, { name, attemptId, tokenSets, usable: !doubted, doubted });
  await options.journal.remove(entry);
  const { connectionId } = held.lease;
  const about = { connector: held.grant.connector, connectionId, tokenSet: name };
  options.events.emit("connection.refreshed", about, options.grants.subjectOf(held.grant));
  return "look again";
}

/**
 * Takes over what processes of this host have written down and not committed, and drops what the rows have outlived. What
 * cannot be done now is left for the next time. Resolves when all was tried.
 */
export async function adoptJournal(options: SaveOptions): Promise<void> {
  const { journal, logger } = options;
  for (const connectionId of await journal.connectionIds()) {
    try {
      for (const entry of await journal.find(connectionId)) await adoptEntry(options, entry);
    } catch (error) {
      const code = isGrantkeeperError(error) ? error.code : "unknown";
      logger.error("A journalled refresh could not be taken over yet", { connectionId, code });
    }
  }
}

async function adoptEntry(options: SaveOptions, entry: JournalEntry): Promise<void> {
  const { leases, grants, revocation, journal } = options;
  const { connectionId, tokenSet: name, received } = entry;
  const hashOf = ({ grant }: OpenGrant): string => grants.hashRefreshToken(grant.tokenSets[name]?.refreshToken);
  try {
    await leases.hold<"look again" | "left">(
      connectionId,
      async (open) => {
        const { row, grant } = open;
        const lost = grant.ended[name] === "rotation_response_lost" && entry.refreshTokenHash === hashOf(open);
        if (applies(entry, row, hashOf(open)) || lost) return { kind: "take", intent: undefined, plan: undefined };
        // A candidate stays; what the row has outlived does not.
        if (entry.refreshTokenHash !== hashOf(open)) await journal.remove(entry);
        return { kind: "done", result: "left" };
      },
      (held) => applyEntry(options, held, entry),
    );
  } catch (error) {
    if (!isGrantkeeperError(error) || error.code !== notConnected().code) throw error;
    // Disconnected meanwhile: what nobody keeps must not live on at the provider.
    await revocation.revoke({ ...entry.grant, tokenSets: received }, connectionId);
    await journal.remove(entry);
  }
}
