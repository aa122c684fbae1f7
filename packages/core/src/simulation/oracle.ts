import type { Oracle } from "./history.ts";
import type { Provider } from "./provider.ts";

/** What the model of the provider knows, for who asks it beside the protocol. `now` is virtual time. */
export function oracleOf(provider: Provider, now: () => number): Oracle {
  return {
    whyDead(refreshToken) {
      const token = provider.find(refreshToken);
      return token === undefined ? "unknown" : provider.whyDead(token, now());
    },
    lineage(refreshToken) {
      const lineage: string[] = [];
      let token = provider.find(refreshToken);
      for (; token !== undefined; token = token.parent) lineage.push(token.value);
      return lineage;
    },
    grantOf(refreshToken) {
      const grant = provider.find(refreshToken)?.grant;
      return grant === undefined ? "unknown" : `${grant.account}-${grant.number}`;
    },
    accountOf: (refreshToken) => provider.find(refreshToken)?.grant.account,
  };
}
