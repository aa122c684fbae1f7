import { inspect } from "node:util";
import { type IdentifiedConnection, isGrantkeeperError } from "@grantkeeper/core";
import { expect } from "vitest";
import { findSecrets } from "../../secrets/find-secrets.ts";
import type { HostileAttack, HostileLeg } from "../attack.ts";
import { hostileAttacks } from "../attacks.ts";
import { anHour, type HostileWalk } from "./walk.ts";

/** What the system takes ahead of its reader counts as sent. */
const mostBytes = 8 * 1024 * 1024;

/** `fetch` reads interim responses for as long as its deadline lets it, and keeps none. */
const boundedByTimeAlone = "token-informational-flood";

/** Each with a title: its requirement, its name, and what must come of it. */
export function attacksOn(...legs: readonly HostileLeg[]): readonly (readonly [title: string, HostileAttack])[] {
  return hostileAttacks
    .filter(({ leg }) => legs.includes(leg))
    .map((attack) => [`${attack.requirement} ${attack.name} ${fateOf(attack)}`, attack]);
}

function fateOf({ expected }: HostileAttack): string {
  return expected.length > 0 ? `is refused: ${expected.join(" or ")}` : "does no harm";
}

/** What the work was refused with, or `undefined` where it was done. */
export async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error ?? new Error("rejected with nothing"),
  );
}

export function expectRefusal({ expected }: HostileAttack, error: unknown): void {
  const code = isGrantkeeperError(error) ? error.code : error === undefined ? undefined : String(error);
  if (expected.length > 0) expect(expected).toContain(code);
  else expect(code).toBeUndefined();
}

/** What holds whatever was done. */
export function expectNoHarm({ provider, logged }: HostileWalk, error: unknown): void {
  const told = [shown(error), ...logged].join("\n");
  expect(findSecrets(told, provider.secrets())).toEqual([]);
  for (const character of ["\u001b", "\u2028"]) expect(told).not.toContain(character);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  if (provider.attack?.name !== boundedByTimeAlone) expect(provider.sentBytes()).toBeLessThan(mostBytes);
  if (provider.attack?.leg !== "api") expect(provider.bystander.requests).toEqual([]);
  // Where an API leads elsewhere, its caller follows, and brings no credential along.
  const seen = JSON.stringify(provider.bystander.requests);
  expect(findSecrets(seen, provider.secrets())).toEqual([]);
  expect(seen).not.toContain("authorization");
}

/** Lets the refresh token prove itself at the provider, twice: it rotates strictly. */
export async function expectRefreshable(walk: HostileWalk, connection: IdentifiedConnection): Promise<void> {
  const { accessToken } = await connection.token();
  walk.advance(anHour);
  expect((await connection.token()).accessToken).not.toBe(accessToken);
  expect(await connection.status()).toMatchObject({ state: "active" });
}

/** All that an error shows to whoever looks at it. */
function shown(error: unknown): string {
  const parts = [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), String(error)];
  for (let current = error; current instanceof Error; current = current.cause) {
    parts.push(current.stack ?? "", current.message);
  }
  return parts.join("\n");
}
