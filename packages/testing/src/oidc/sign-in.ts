import { type Browser, openBrowser } from "./browser.ts";

export interface SignInChoice {
  /** Who signs in: the `sub` of the account. */
  readonly login: string;
  /** True: says no. */
  readonly deny?: boolean;
}

const mostSteps = 12;

/**
 * Signs in and consents by plain HTTP, as a user's browser would, and returns the callback URL that
 * the browser would go to.
 */
export async function signIn(authorizationUrl: string | URL, choice: SignInChoice): Promise<URL> {
  const url = new URL(authorizationUrl);
  const end = await walk(openBrowser(), url, undefined, choice);
  if (end.kind === "left") return end.url;
  throw new Error(`${end.url.pathname} answered ${end.status}.`);
}

/** Where the walk through a provider's pages ends: at an address elsewhere, or on a page that asks for nobody's name. */
export type WalkEnd =
  | { readonly kind: "left"; readonly url: URL }
  | { readonly kind: "page"; readonly url: URL; readonly status: number; readonly page: string };

/** Follows a provider's redirects, and signs in and consents where its pages ask for it. */
export async function walk(
  browser: Browser,
  start: URL,
  posted: URLSearchParams | undefined,
  { login, deny = false }: SignInChoice,
): Promise<WalkEnd> {
  let url = start;
  let form = posted;
  for (let step = 0; step < mostSteps; step++) {
    const response = await browser(url, form);
    const location = response.headers.get("location");
    form = undefined;
    if (location !== null) {
      url = new URL(location, url);
      if (url.origin !== start.origin) return { kind: "left", url };
      continue;
    }
    const page = await response.text();
    if (response.status !== 200 || !page.includes('name="login"')) {
      return { kind: "page", url, status: response.status, page };
    }
    form = new URLSearchParams({ login, decision: deny ? "deny" : "allow" });
  }
  throw new Error("Signing in did not come to an end.");
}
