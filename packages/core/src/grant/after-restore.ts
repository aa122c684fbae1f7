import type { Environment } from "../environment.ts";
import { isGrantkeeperError } from "../errors.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { GrantRow, Store } from "../store/port.ts";
import type { Grants } from "./grants.ts";
import type { Leases } from "./leases.ts";
import { type PassOptions, type PassProgress, passOver } from "./pass.ts";

export interface AfterRestoreOptions {
  readonly store: Store;
  readonly grants: Grants;
  readonly leases: Leases;
  readonly connectors: Connectors;
  readonly environment: Environment;
  /** Told of each row that could not be done. */
  readonly onFailure: (connectionId: string, code: string) => void;
}

const pageSize = 50;

/**
 * Marks what a restored backup may have brought back spent: each rotated refresh token gets an open intent, as if its
 * refresh had had no answer. So it is sent once, carefully, and its refusal is called a lost answer and no revocation.
 */
export function createAfterRestore(options: AfterRestoreOptions): (pass?: PassOptions) => Promise<PassProgress> {
  const { store, grants, leases, connectors, environment, onFailure } = options;

  function mark(connectionId: string, name: string): Promise<"changed" | "left"> {
    return leases.hold<"changed" | "left">(
      connectionId,
      async ({ grant }) => {
        const refreshToken = grant.tokenSets[name]?.refreshToken;
        if (refreshToken === undefined || grant.ended[name] !== undefined) return { kind: "done", result: "left" };
        const refreshTokenHash = grants.hashRefreshToken(refreshToken);
        const intent = { attemptId: environment.randomId("try"), tokenSet: name, refreshTokenHash };
        return { kind: "take", intent, plan: undefined };
      },
      async (held) => {
        await leases.release(held);
        return "changed";
      },
    );
  }

  async function visit(row: GrantRow): Promise<"changed" | "left" | "failed"> {
    const { connectionId } = row;
    try {
      const { grant } = await grants.open(row);
      if ((await connectors.find(grant.connector, grant.owner))?.rotation.kind === "none") return "left";
      const outcomes = [];
      for (const name of Object.keys(grant.tokenSets)) outcomes.push(await mark(connectionId, name));
      return outcomes.includes("changed") ? "changed" : "left";
    } catch (error) {
      onFailure(connectionId, isGrantkeeperError(error) ? error.code : "unknown");
      return "failed";
    }
  }

  return (pass = {}) =>
    passOver(
      pass,
      async (after) => {
        await grants.ready();
        return store.list({ limit: pageSize, after });
      },
      visit,
    );
}
