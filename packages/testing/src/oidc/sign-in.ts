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
export async function signIn(authorizationUrl: string | URL, { login, deny = false }: SignInChoice): Promise<URL> {
  const { origin } = new URL(authorizationUrl);
  const cookies = new Map<string, string>();
  const request = async (url: URL, form?: URLSearchParams): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      headers: { cookie },
      body: form ?? null,
      redirect: "manual",
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };

  let url = new URL(authorizationUrl);
  let form: URLSearchParams | undefined;
  for (let step = 0; step < mostSteps; step++) {
    const response = await request(url, form);
    const location = response.headers.get("location");
    form = undefined;
    if (location !== null) {
      url = new URL(location, url);
      if (url.origin !== origin) return url;
      continue;
    }
    const page = await response.text();
    if (response.status !== 200 || !page.includes('name="login"')) {
      throw new Error(`${url.pathname} answered ${response.status}.`);
    }
    form = new URLSearchParams({ login, decision: deny ? "deny" : "allow" });
  }
  throw new Error("Signing in did not come to an end.");
}
