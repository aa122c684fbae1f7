import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { Session, Sessions, User } from "./sessions.ts";

/** Routes behind `signedIn` find the user in `c.var.user`, and the sign-in in `c.var.session`. */
export interface SignedIn {
  Variables: { user: User; session: Session };
}

/** Sends whoever is not signed in to the front page, where one signs in. */
export function signedIn({ sessionOf }: Sessions): MiddlewareHandler<SignedIn> {
  return createMiddleware<SignedIn>(async (c, next) => {
    const session = await sessionOf(c.req.raw);
    if (session === undefined) return c.redirect("/", 303);
    c.set("user", session.user);
    c.set("session", session);
    return next();
  });
}
