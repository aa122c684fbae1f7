import { GrantkeeperError } from "../errors.ts";
import type { Grant, StepUp } from "../grant/grant.ts";
import { tokenChallenge } from "../provider/challenge.ts";

/** What an API's answer asks for, as a start takes it, and which of how many tries that is. */
export interface Demand {
  readonly scopes?: readonly string[];
  readonly acrValues?: readonly string[];
  readonly maxAge?: number;
  readonly stepUp: StepUp;
}

const maximumTries = 3;
/** For how long tries count: after that, the same demand is another one. */
const rememberedMs = 60 * 60 * 1000;

/**
 * Reads what an API demands of the sign-in: `insufficient_scope` (RFC 6750, section 3.1) or
 * `insufficient_user_authentication` (RFC 9470, section 3). Throws `scope_missing` where the user was sent for it three times
 * within an hour, so that an API that is never content makes no loop.
 */
export function demandOf(grant: Grant, { headers }: Pick<Response, "headers">, now: number): Demand | undefined {
  const challenge = tokenChallenge(headers);
  const wishes = challenge === undefined ? undefined : wishesOf(challenge);
  if (wishes === undefined) return undefined;
  const name = JSON.stringify(wishes);
  const { stepUp } = grant;
  const isSame = stepUp?.challenge === name && now - stepUp.at < rememberedMs;
  const count = isSame ? stepUp.count + 1 : 1;
  if (count > maximumTries) {
    throw new GrantkeeperError(
      "scope_missing",
      "The API asks once more for what the user was sent to the provider for three times: it is not given.",
      { connector: grant.connector },
    );
  }
  return { ...wishes, stepUp: { challenge: name, count, at: now } };
}

function wishesOf({
  error,
  scope,
  acrValues,
  maxAge,
}: NonNullable<ReturnType<typeof tokenChallenge>>): Omit<Demand, "stepUp"> | undefined {
  switch (error) {
    case "insufficient_scope":
      return scope.length === 0 ? undefined : { scopes: scope };
    case "insufficient_user_authentication":
      return {
        ...(acrValues.length === 0 ? {} : { acrValues }),
        ...(maxAge === undefined ? {} : { maxAge }),
        ...(scope.length === 0 ? {} : { scopes: scope }),
      };
    default:
      return undefined;
  }
}
