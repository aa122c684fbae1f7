import type { EmulatedAccount } from "@grantkeeper/core/connector";

const defaults: readonly EmulatedAccount[] = [
  { id: "1001", name: "Octo Example", email: "octo@example.com" },
  { id: "1002", name: "Sam Sample", email: "sam@example.com" },
];

/** The accounts of a provider. */
export interface Accounts {
  readonly listed: readonly EmulatedAccount[];
  readonly find: (id: string) => EmulatedAccount | undefined;
  /** The id of the account that a grant seeded without one belongs to. */
  readonly seededId: (number: number) => string;
}

const firstSeeded = 900_000_000;

/** Offers the given accounts, or two invented ones, each with an avatar that the emulator draws. */
export function createAccounts(given: readonly EmulatedAccount[] | undefined, origin: string): Accounts {
  const withAvatar = (account: EmulatedAccount): EmulatedAccount => ({
    ...account,
    avatarUrl: `${origin}/_avatar/${encodeURIComponent(account.id)}`,
  });
  const listed = (given && given.length > 0 ? given : defaults).map(withAvatar);
  const [model] = listed;

  // Seeded accounts are computed, not kept: there may be many thousands. Where the first account's id is made of ids in
  // its profile, those are numbered too, so that a connector that reads them tells the accounts apart.
  const parts = Object.values(model?.profile ?? {}).filter(
    (value) => typeof value === "string" && value.length > 2 && model?.id.includes(value) === true,
  );
  const numbered = (id: string, number: number) =>
    parts.reduce<string>((text, part) => text.replace(String(part), `${part}S${number}`), id);
  const seededId = (number: number) =>
    parts.length > 0 ? numbered(model?.id ?? "", number) : String(firstSeeded + number);
  const seeded = (id: string): EmulatedAccount | undefined => {
    const digits = Number(/\d+$/.exec(id)?.[0]);
    const number = [digits, digits - firstSeeded].find((candidate) => candidate > 0 && seededId(candidate) === id);
    if (number === undefined) return undefined;
    const profile = Object.entries(model?.profile ?? {}).map(([name, value]) => [
      name,
      parts.includes(value) ? `${value}S${number}` : value,
    ]);
    return withAvatar({
      id,
      name: `Seeded ${number}`,
      email: `seeded-${number}@example.com`,
      ...(model?.profile && { profile: Object.fromEntries(profile) }),
    });
  };
  return {
    listed,
    find: (id) => listed.find((account) => account.id === id) ?? seeded(id),
    seededId,
  };
}
