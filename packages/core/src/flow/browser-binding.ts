import { randomBytes } from "node:crypto";

/** The one random cookie that ties flows to the browser that began them; all tabs share it. */
export interface BrowserBinding {
  /** The value that a request carries, if it carries a well-formed one. */
  read(headers: { get(name: string): string | null } | undefined): string | undefined;
  create(): string;
  /** `Set-Cookie`. `crossSite` for providers that answer by a form of their own page, where Lax cookies are not sent. */
  cookie(value: string, crossSite: boolean): string;
}

const lifetimeSeconds = 60 * 60;

/** RFC 6265bis: `__Host-` asks for https; on http://localhost a plain name serves. */
export function createBrowserBinding(callbackUrl: URL): BrowserBinding {
  const secure = callbackUrl.protocol === "https:";
  const name = secure ? "__Host-grantkeeper" : "grantkeeper";
  return {
    read(headers) {
      const found = (headers?.get("cookie") ?? "")
        .split(";")
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${name}=`))
        .map((pair) => pair.slice(name.length + 1));
      // Two of one name would leave open which one counts.
      return found.length === 1 && /^[\w-]{43}$/.test(found[0] ?? "") ? found[0] : undefined;
    },
    create: () => randomBytes(32).toString("base64url"),
    cookie(value, crossSite) {
      const attributes = ["Path=/", "HttpOnly", `Max-Age=${lifetimeSeconds}`];
      if (secure) attributes.push("Secure");
      attributes.push(secure && crossSite ? "SameSite=None" : "SameSite=Lax");
      return `${name}=${value}; ${attributes.join("; ")}`;
    },
  };
}
