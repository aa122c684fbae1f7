import { randomUUID } from "node:crypto";
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

/** One sign-in in one browser. */
export interface Session {
  readonly id: string;
  readonly user: User;
}

export interface Sessions {
  /** The sign-in that a request belongs to, by a cookie that only this application could have signed. */
  readonly sessionOf: (request: { readonly headers: Headers }) => Promise<Session | undefined>;
  /** Who is signed in. */
  readonly userOf: (request: { readonly headers: Headers }) => Promise<User | undefined>;
  /** `Set-Cookie` that signs a user in, or with `undefined` out. */
  readonly cookieFor: (user: User | undefined) => Promise<string>;
}

const cookieName = "sample-user";

export function createSessions(secret: string): Sessions {
  const sessionOf: Sessions["sessionOf"] = async ({ headers }) => {
    const cookies = await parseSigned(headers.get("cookie") ?? "", secret, cookieName);
    const [userId, id] = (cookies[cookieName] || "").split(".");
    const user = users.find((one) => one.id === userId);
    return user === undefined || id === undefined ? undefined : { id, user };
  };
  return {
    sessionOf,
    userOf: async (request) => (await sessionOf(request))?.user,
    cookieFor(user) {
      const maxAge = user === undefined ? 0 : 24 * 60 * 60;
      // Lax, not Strict: it must come along when a provider sends the browser back.
      return serializeSigned(cookieName, user === undefined ? "" : `${user.id}.${randomUUID()}`, secret, {
        path: "/",
        httpOnly: true,
        sameSite: "Lax",
        maxAge,
      });
    },
  };
}
