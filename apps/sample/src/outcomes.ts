import type { ErrorCode } from "@grantkeeper/core";
import type { AskedAtOnce } from "./at-once/ask-at-once.ts";
import type { ApiAnswer } from "./call-api.ts";
import type { TokenSetName } from "./connectors.ts";

/** What came of the last button that was pressed on a connection. */
export type Outcome =
  | { readonly kind: "called"; readonly as: TokenSetName; readonly answer: ApiAnswer }
  | { readonly kind: "asked"; readonly asked: AskedAtOnce }
  | { readonly kind: "withdrawn" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/** Remembers outcomes between a POST and the page that it redirects to; the oldest go first. */
export interface Outcomes {
  readonly get: (connectionId: string) => Outcome | undefined;
  readonly set: (connectionId: string, outcome: Outcome) => void;
  readonly delete: (connectionId: string) => void;
}

const most = 200;

export function createOutcomes(): Outcomes {
  const outcomes = new Map<string, Outcome>();
  return {
    get: (connectionId) => outcomes.get(connectionId),
    set(connectionId, outcome) {
      outcomes.delete(connectionId);
      outcomes.set(connectionId, outcome);
      const [oldest] = outcomes.keys();
      if (outcomes.size > most && oldest !== undefined) outcomes.delete(oldest);
    },
    delete: (connectionId) => outcomes.delete(connectionId),
  };
}
