import { parseSigned, serializeSigned } from "hono/utils/cookie";

/** Someone who uses the application. */
export interface User {
  readonly id: string;
  readonly name: string;
}

/** Stands in for the application's own sign-in: two people, and no password. */
export const users: readonly User[] = [
  { id: "ada", name: "Ada Example" },
  { id: "bo", name: "Bo Example" },
];

export interface Sessions {
  /** Who is signed in, by a cookie that only this application could have signed. */
  readonly userOf: (request: { readonly headers: Headers }) => Promise<User | undefined>;
  /** `Set-Cookie` that signs a user in, or with `undefined` out. */
  readonly cookieFor: (user: User | undefined) => Promise<string>;
}

const cookieName = "sample-user";

export function createSessions(secret: string): Sessions {
  return {
    async userOf({ headers }) {
      const cookies = await parseSigned(headers.get("cookie") ?? "", secret, cookieName);
      return users.find(({ id }) => id === cookies[cookieName]);
    },
    cookieFor(user) {
      const maxAge = user === undefined ? 0 : 24 * 60 * 60;
      // Lax, not Strict: it must come along when a provider sends the browser back.
      return serializeSigned(cookieName, user?.id ?? "", secret, {
        path: "/",
        httpOnly: true,
        sameSite: "Lax",
        maxAge,
      });
    },
  };
}
