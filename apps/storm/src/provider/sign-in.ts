export const callbackUrl = "https://storm.example.com/connect";

/** Consents as the user of an account, and returns where the browser would go to. */
export type SignIn = (url: URL, account: string) => Promise<URL>;

/**
 * A user's consent by plain HTTP. What it takes is loaded by the first one: most workers do not live that long, and all of
 * them are to start quickly.
 */
export function signInAt(provider: "emulator" | "oidc"): SignIn {
  if (provider === "emulator") {
    return async (url, accountId) => (await import("@grantkeeper/testing")).consent(url, { accountId });
  }
  return async (url, login) => (await import("@grantkeeper/testing/oidc")).signIn(url, { login });
}
