import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { Sessions, User } from "./sessions.ts";

/** Routes behind `signedIn` find the user in `c.var.user`. */
export interface SignedIn {
  Variables: { user: User };
}

/** Sends whoever is not signed in to the front page, where one signs in. */
export function signedIn({ userOf }: Sessions): MiddlewareHandler<SignedIn> {
  return createMiddleware<SignedIn>(async (c, next) => {
    const user = await userOf(c.req.raw);
    if (user === undefined) return c.redirect("/", 303);
    c.set("user", user);
    return next();
  });
}
