/** Asks the witness to answer a token request with an error of its own, so that its sender releases its lease. */
export const refuseHeader = "x-storm-refuse";

export interface TokenAnswer {
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
  /** RFC 6749, section 5.2. */
  readonly error: string | undefined;
}

/** What a token response says; nothing where it is something else. */
export function readTokens(text: string): TokenAnswer {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const field = (name: string): string | undefined => {
    const value = typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : undefined;
    return typeof value === "string" ? value : undefined;
  };
  return { accessToken: field("access_token"), refreshToken: field("refresh_token"), error: field("error") };
}
