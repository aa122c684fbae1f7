import type { Rotation } from "../connector/types.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import type { OpenIntent } from "../store/port.ts";

/** The trace of a refresh that sent this refresh token, and whose answer nobody has saved. */
export function openIntent(
  intents: readonly OpenIntent[],
  tokenSet: string,
  refreshTokenHash: string,
): OpenIntent | undefined {
  return intents.find((intent) => intent.tokenSet === tokenSet && intent.refreshTokenHash === refreshTokenHash);
}

/**
 * For how many milliseconds a refresh token may not yet be sent again, given the intent that an earlier refresh left and
 * the store's time. What may be sent twice is sent at once; the rest waits until the provider must be done with it.
 */
export function recoveryWait(
  rotation: Rotation,
  intent: OpenIntent | undefined,
  at: number,
  recoveryWaitMs: number,
): number {
  if (intent === undefined || rotation.kind === "none" || rotation.kind === "untilUsed") return 0;
  if (rotation.kind === "grace" && at - intent.at < rotation.windowSeconds * 1000) return 0;
  return Math.max(0, intent.at + recoveryWaitMs - at);
}

/** Whether a refresh that failed may be sent again at once, by the one who sent it. */
export function mayRepeat(rotation: Rotation, outcome: TokenOutcome): boolean {
  if (outcome.kind === "unsent") return outcome.refusal === undefined;
  // Who answers with an error of its own asks for patience, whatever it did with the refresh token.
  return outcome.kind === "ambiguous" && !outcome.answered && rotation.kind !== "strict";
}
