import { GrantkeeperError } from "./errors.ts";

/**
 * Where the browser goes after a flow: a path of the application, or a URL of an origin that it allows. Everything that a
 * browser could read as another origin is refused (RFC 9700, section 4.11.1).
 */
export function checkReturnTo(returnTo: string, callbackUrl: URL, allowedOrigins: readonly string[]): string {
  const refuse = (): never => {
    throw new GrantkeeperError(
      "invalid_request",
      "returnTo must be a path of this application that starts with one slash.",
    );
  };
  if (typeof returnTo !== "string" || returnTo.length > 2_000) return refuse();
  // Browsers drop tabs and newlines and read a backslash as a slash; encoded forms may be decoded on the way.
  const decoded = decodeFully(returnTo);
  for (const form of [returnTo, decoded]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    if (form === undefined || /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff\\]/.test(form)) return refuse();
  }
  if (returnTo.startsWith("/")) {
    if (/^\/[/\\]/.test(decoded ?? "//")) return refuse();
    const resolved = new URL(returnTo, callbackUrl.origin);
    return resolved.origin === callbackUrl.origin ? returnTo : refuse();
  }
  const url = URL.canParse(returnTo) ? new URL(returnTo) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "" || !allowedOrigins.includes(url.origin))
    return refuse();
  return url.href;
}

function decodeFully(value: string): string | undefined {
  let current = value;
  for (let round = 0; round < 3; round++) {
    try {
      const next = decodeURIComponent(current);
      if (next === current) return current;
      current = next;
    } catch {
      // A stray percent sign: browsers take it as it is, and so does the check of the raw form.
      return round === 0 ? value : current;
    }
  }
  return current;
}
