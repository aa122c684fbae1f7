export const callbackUrl = "https://storm.example.com/connect";

/** Consents as the user of an account, and returns where the browser would go to. */
export type SignIn = (url: URL, account: string) => Promise<URL>;

/**
 * A user's consent by plain HTTP. What it takes is loaded by the first one: most workers do not live that long, and all of
 * them are to start quickly.
 */
export function signInAt(provider: "emulator" | "oidc"): SignIn {
  if (provider === "emulator") {
    return async (url, accountId) => {
      const { consent } = await import("@grantkeeper/testing");
      return orAgain(() => consent(url, { accountId }));
    };
  }
  return async (url, login) => {
    const { signIn } = await import("@grantkeeper/testing/oidc");
    return orAgain(() => signIn(url, { login }));
  };
}

/** While a process stands still, the provider closes connections that it has kept; a browser then takes a new one. */
function orAgain<Result>(visit: () => Promise<Result>): Promise<Result> {
  return visit().catch((error: unknown) => {
    if (error instanceof TypeError && error.message === "fetch failed") return visit();
    throw error;
  });
}
