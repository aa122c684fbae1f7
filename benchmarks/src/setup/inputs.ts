// What all sides are given.

export const client = { id: "client-1", secret: "secret-of-the-client-0123456789" } as const;
export const scopes: readonly string[] = ["read"];

/** As long as those of large providers. */
export const accessToken: string = `at_${"a".repeat(200)}`;
export const refreshToken: string = `rt_${"r".repeat(100)}`;

/** Far enough for every run, and for the peers that refresh hours before the end. */
export function farExpiry(): Date {
  return new Date(Date.now() + 30 * 24 * 3600_000);
}
