import type { ErrorCode } from "../errors.ts";
import { type GrantkeeperError, isGrantkeeperError } from "../errors.ts";

/** The error that an action fails with; fails itself when there is none, or one of another kind. */
export async function errorOf(action: () => unknown): Promise<GrantkeeperError> {
  try {
    await action();
  } catch (error) {
    if (isGrantkeeperError(error)) return error;
    throw new Error("The error is not a GrantkeeperError.", { cause: error });
  }
  throw new Error("There was no error.");
}

/** The code of the error that an action fails with; `undefined` when it succeeds. A foreign error is thrown on. */
export async function codeOf(action: () => unknown): Promise<ErrorCode | undefined> {
  try {
    await action();
  } catch (error) {
    if (isGrantkeeperError(error)) return error.code;
    throw error;
  }
  return undefined;
}
