import { GrantkeeperError } from "../errors.ts";

/**
 * Where the browser goes after a flow: a path of the application, or a URL of an origin that it allows. Everything that a
 * browser, or a proxy that decodes once more, could read as another origin is refused (RFC 9700, section 4.11.1).
 */
export function checkReturnTo(returnTo: string, callbackUrl: URL, allowedOrigins: readonly string[]): string {
  const forms = typeof returnTo === "string" && returnTo.length <= 2_000 ? formsOf(returnTo) : undefined;
  const origins = returnTo?.[0] === "/" ? [callbackUrl.origin] : allowedOrigins;
  if (forms === undefined || rawSpace.test(returnTo) || !forms.every((form) => staysAt(form, callbackUrl, origins))) {
    throw new GrantkeeperError(
      "invalid_request",
      "returnTo must be a path of this application that starts with one slash.",
    );
  }
  // A header carries ASCII only; what is below it was refused.
  return returnTo[0] === "/" ? returnTo.replace(/[^!-~]+/g, encodeURIComponent) : new URL(returnTo).href;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\\]/;
const rawSpace = /\s/;

function staysAt(form: string, callbackUrl: URL, origins: readonly string[]): boolean {
  if (unsafe.test(form) || !form.isWellFormed()) return false;
  if (form.startsWith("//")) return false;
  const relative = form.startsWith("/");
  const url = URL.parse(form, relative ? callbackUrl.origin : undefined);
  if (url === null || !origins.includes(url.origin) || url.username !== "" || url.password !== "") return false;
  // Two slashes at the beginning, be it only after dots are resolved, name a host.
  return relative ? !url.pathname.startsWith("//") : url.href.startsWith(`${url.origin}/`);
}

/** The text as it is and as it reads after each decoding; `undefined` when it never comes to rest. */
function formsOf(text: string): readonly string[] | undefined {
  const forms = [text];
  for (let current = text; forms.length < 6; ) {
    const next = current.replace(/(?:%[0-9a-f]{2})+/gi, decodeRun);
    if (next === current) return forms;
    forms.push(next);
    current = next;
  }
  return undefined;
}

function decodeRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    // Not UTF-8: read byte by byte, so that nothing hides behind a broken neighbour.
    return Buffer.from(run.replaceAll("%", ""), "hex").toString("latin1");
  }
}
