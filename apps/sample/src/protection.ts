import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { Provider } from "./providers.ts";

/** Security headers on every answer. Ones that are there already stay: the connect handler's are stricter. */
export function securityHeaders(providers: readonly Provider[]): MiddlewareHandler {
  const avatarOrigins = new Set(providers.flatMap(({ avatarOrigin }) => avatarOrigin ?? []));
  // Chromium applies form-action to where a form's answer redirects, too: to the providers' consent pages.
  const consentOrigins = new Set(providers.flatMap(({ authorizationOrigin }) => authorizationOrigin ?? []));
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "connect-src 'self'",
    ["img-src 'self'", ...avatarOrigins].join(" "),
    ["form-action 'self'", ...consentOrigins].join(" "),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  const headers = {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
  };
  return createMiddleware(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) {
      if (!c.res.headers.has(name)) c.header(name, value);
    }
  });
}

/** Cookies belong to one host name: whoever comes by another is sent to it. */
export function oneHost({ origin, host }: URL): MiddlewareHandler {
  return createMiddleware(async (c, next) => {
    const url = new URL(c.req.url);
    if (url.host === host) return next();
    if (c.req.method === "GET") return c.redirect(`${origin}${url.pathname}${url.search}`, 307);
    return c.text(`This application is at ${origin}.\n`, 421);
  });
}

/** Whatever changes something comes from a page of this application, not from a form on somebody else's. */
export function sameOrigin({ origin }: URL): MiddlewareHandler {
  return createMiddleware(async (c, next) => {
    const site = c.req.header("sec-fetch-site");
    const allowed =
      c.req.method === "GET" ||
      c.req.method === "HEAD" ||
      (site === undefined ? c.req.header("origin") === origin : site === "same-origin");
    return allowed ? next() : c.text("This came from another site, and was not done.\n", 403);
  });
}
