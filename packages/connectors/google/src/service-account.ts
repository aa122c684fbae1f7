import {
  type Account,
  type Connector,
  defineConnector,
  jwtBearer,
  noClientAuthentication,
  type OAuthError,
  type ProviderResponse,
} from "@grantkeeper/core/connector";
import { apiOrigins } from "./api-origins.ts";
import type { GoogleScope } from "./scopes.ts";

/** What service accounts are asked for; each connection brings its own key file. */
export interface GoogleServiceAccountOptions {
  readonly scopes: readonly GoogleScope[];
  /**
   * True: each connection acts for the user named by the credential `subject`, an e-mail address, whose domain has delegated
   * that to the service account.
   */
  readonly delegation?: boolean | undefined;
  /** Origins of Google APIs beside the common ones, such as `https://region-aiplatform.googleapis.com`. */
  readonly apiOrigins?: readonly string[] | undefined;
}

const tokenEndpoint = "https://oauth2.googleapis.com/token";

/**
 * Connects a Google service account by the key file that Google gives for it, in JSON: `keeper.connect` with `keyFile`.
 * Rests on https://developers.google.com/identity/protocols/oauth2/service-account.
 */
export function googleServiceAccount(
  options: GoogleServiceAccountOptions & { readonly delegation: true },
): Connector<never, never, "keyFile" | "subject">;
export function googleServiceAccount(
  options: GoogleServiceAccountOptions & { readonly delegation?: false | undefined },
): Connector<never, never, "keyFile">;
export function googleServiceAccount(options: GoogleServiceAccountOptions): Connector<never, never, string> {
  return defineConnector<never, never, string>({
    id: "google-service-account",
    name: "Google service account",

    // The key file says who asks: nothing is sent in a client's place.
    clientId: "service-account",
    clientAuthentication: noClientAuthentication,
    pkce: "S256",
    tokenEndpoint,

    apiBaseUrl: "https://www.googleapis.com",
    apiOrigins: apiOrigins(options.apiOrigins),

    scopes: options.scopes,
    scopeSeparator: " ",
    tokenSets: {},
    params: {},

    // developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests, checked 2026-11-26
    credentials: jwtBearer<string>(
      {
        keyFile: /^\s{0,64}\{[^\0]{1,16384}\}\s{0,64}$/,
        ...(options.delegation === true && { subject: emailAddress }),
      },
      ({ credentials: { keyFile, subject }, scopes, tokenEndpoint: audience }) => {
        const { clientEmail, privateKey, keyId } = readKeyFile(keyFile);
        return {
          key: { privateKey, algorithm: "RS256", keyId },
          claims: {
            iss: clientEmail,
            ...(subject !== undefined && { sub: subject }),
            scope: scopes.join(" "),
            aud: audience,
          },
          ...{ lifetime: 600, backdated: 60 },
        };
      },
    ),

    rotation: { kind: "none" },
    revocationScope: "token",

    readError,
    identify: { read: ({ credentials }) => readAccount(credentials) },

    docs: "https://developers.google.com/identity/protocols/oauth2/service-account",
    checkedOn: "2026-11-26",
    emulation: () => import("./service-account-emulation.ts").then((module) => module.serviceAccountEmulation),
  });
}

const emailAddress = /^[^\s@]{1,64}@[^\s@]{1,253}$/;

interface KeyFile {
  readonly clientEmail: string;
  readonly privateKey: string;
  readonly keyId: string;
}

/** Throws for what is no such file, and for one that wants its tokens elsewhere: whoever wrote that would get the assertion. */
function readKeyFile(text = ""): KeyFile {
  const file: unknown = JSON.parse(text);
  const { client_email: clientEmail, private_key: privateKey, private_key_id: keyId, token_uri: uri } = Object(file);
  const named = [clientEmail, privateKey, keyId].every((value) => typeof value === "string" && value !== "");
  if (!named || !emailAddress.test(clientEmail) || uri !== tokenEndpoint) {
    throw new TypeError("not a service account's key file");
  }
  return { clientEmail, privateKey, keyId };
}

function readAccount({ keyFile, subject }: Readonly<Record<string, string>>): Account | undefined {
  if (keyFile === undefined) return undefined;
  const { clientEmail } = readKeyFile(keyFile);
  // Two service accounts that act for one user are two connections.
  return subject === undefined
    ? { id: clientEmail, name: clientEmail, email: clientEmail }
    : { id: `${clientEmail} ${subject}`, name: subject, email: subject };
}

// developers.google.com/identity/protocols/oauth2/service-account#error-codes, unconfirmed: a wrong clock here is called
// `invalid_grant` too, and must end no connection.
function readError({ body }: ProviderResponse): OAuthError | undefined {
  const { error, error_description: description } = Object(body);
  const blamesClock =
    error === "invalid_grant" && typeof description === "string" && /\biat\b|timeframe/.test(description);
  return blamesClock ? { error: "invalid_request", errorDescription: description } : undefined;
}
