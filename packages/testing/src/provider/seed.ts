import type { EngineState } from "../engine/state.ts";
import type { ProviderContext } from "./context.ts";
import type { SeededGrant, SeededTokenSet, SeedOptions } from "./options.ts";

/** Adds grants as if users had consented, without HTTP and without ID tokens. */
export function seedGrants(context: ProviderContext, state: EngineState, options: SeedOptions): readonly SeededGrant[] {
  const { connector, accounts, engine } = context;
  const scopes = seededScopes(context, options);
  if (options.accountId !== undefined && accounts.find(options.accountId) === undefined) {
    throw new RangeError(`${connector.name} (emulated) has no account ${options.accountId}.`);
  }

  return Array.from({ length: options.count }, () => {
    const accountId = options.accountId ?? accounts.seededId(state.grants.length + 1);
    const account = accounts.find(accountId);
    if (account === undefined) throw new RangeError("Too many grants were seeded.");
    const issued = engine.seed({
      accountId,
      scopes,
      refreshTokens: context.refreshTokens,
      accessTokenExpired: options.accessTokenExpired ?? false,
    });
    const tokenSets: Record<string, SeededTokenSet> = {};
    for (const [name, set] of Object.entries(issued.tokenSets)) {
      const { accessToken, accessExpiresAt, expiresInSeconds, refreshToken, scopes } = set;
      tokenSets[name] = {
        accessToken,
        expiresInSeconds,
        expiresAt: accessExpiresAt,
        refreshToken,
        scopes,
        idToken: undefined,
      };
    }
    return { grant: issued.grant.id, account, tokenSets };
  });
}

function seededScopes({ connector }: ProviderContext, options: SeedOptions): Record<string, readonly string[]> {
  const others = Object.entries(connector.tokenSets);
  const asked = others.filter(([, set]) => (set?.scopes.length ?? 0) > 0).map(([name]) => name);
  const names = options.tokenSets ?? ["default", ...asked];
  return Object.fromEntries(
    names.map((name) => [
      name,
      name === "default" ? (options.scopes ?? connector.scopes) : (connector.tokenSets[name]?.scopes ?? []),
    ]),
  );
}
