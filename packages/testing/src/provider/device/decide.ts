import type { ProviderContext } from "../context.ts";
import { grantedScopes, type ScopesBySet } from "../scopes.ts";

/** Lets a device in as an account; false where none waits with this code. */
export function approveDevice(
  context: ProviderContext,
  userCode: string,
  accountId: string,
  chosen: ScopesBySet,
): boolean {
  return context.devices.decide(userCode, context.now(), { accountId, scopes: grantedScopes(context, chosen) });
}

/** Lets a device not in; false where none waits with this code. */
export function denyDevice({ devices, now }: ProviderContext, userCode: string): boolean {
  return devices.decide(userCode, now());
}

/** What a caller of the emulated provider does in a user's place. Throws RangeError where nobody waits or there is no such account. */
export function deviceDecisions(context: ProviderContext): {
  readonly approve: (
    userCode: string,
    choice?: { readonly accountId?: string; readonly scopes?: readonly string[] },
  ) => void;
  readonly deny: (userCode: string) => void;
} {
  const { connector, accounts, devices, now } = context;
  const nobody = (userCode: string) =>
    new RangeError(`No device waits at ${connector.name} with the code ${userCode}.`);
  return {
    approve: (userCode, { accountId = accounts.listed[0]?.id ?? "", scopes } = {}) => {
      const device = devices.find(userCode, now());
      if (device === undefined) throw nobody(userCode);
      if (accounts.find(accountId) === undefined) {
        throw new RangeError(`${connector.name} (emulated) has no account ${accountId}.`);
      }
      const chosen = Object.entries(device.requested).map(([name, asked]) => [
        name,
        asked.filter((scope) => scopes?.includes(scope) ?? true),
      ]);
      approveDevice(context, userCode, accountId, Object.fromEntries(chosen));
    },
    deny: (userCode) => {
      if (!denyDevice(context, userCode)) throw nobody(userCode);
    },
  };
}
