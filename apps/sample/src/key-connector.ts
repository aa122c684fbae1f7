import {
  type Account,
  apiKey,
  type Connector,
  defineConnector,
  type EmulatedApiRequest,
  type EmulatedResponse,
  type IdentityInput,
  noClientAuthentication,
  type ProviderEmulation,
} from "@grantkeeper/core/connector";

const accountUrl = "https://api.brevo.com/v3/account";

/**
 * Connects a Brevo account with an API key that its owner made there. No client is registered and nobody consents, so what
 * is said of both stands for nothing. Rests on https://developers.brevo.com/docs/api-key-authentication.
 */
export function brevo(): Connector<never, never, "apiKey"> {
  return defineConnector<never, never, "apiKey">({
    id: "brevo",
    name: "Brevo",

    clientId: "brevo",
    clientAuthentication: noClientAuthentication,
    pkce: "S256",

    credentials: apiKey(),
    tokenHeader: "api-key",
    apiBaseUrl: "https://api.brevo.com/v3",
    apiOrigins: ["https://api.brevo.com"],
    apiHeaders: { Accept: "application/json" },

    scopes: [],
    scopeSeparator: " ",
    tokenSets: {},
    params: {},
    rotation: { kind: "none" },
    revocationScope: "token",

    identify: { request: () => ({ url: "account", authentication: "bearer" }), read: readAccount },

    docs: "https://developers.brevo.com/docs/api-key-authentication",
    checkedOn: "2026-11-26",
    emulation: async () => brevoEmulation,
  });
}

// developers.brevo.com/reference/get-account, checked 2026-11-26
function readAccount({ response }: IdentityInput): Account | undefined {
  if (typeof response !== "object" || response === null || !("email" in response)) return undefined;
  const { email, companyName } = response;
  if (typeof email !== "string" || email === "") return undefined;
  return { id: email, email, ...(typeof companyName === "string" && companyName !== "" && { name: companyName }) };
}

const brevoEmulation: ProviderEmulation = {
  accounts: [
    { id: "post@harbor.example", name: "Example Harbor", email: "post@harbor.example" },
    { id: "hello@orchard.example", name: "Example Orchard", email: "hello@orchard.example" },
  ],
  routes: [{ method: "GET", url: accountUrl, handle: account }],
  exampleCall: { path: "account" },
};

function account({ token }: EmulatedApiRequest): EmulatedResponse {
  // The words of the refusal are unconfirmed: the documentation names the code.
  if (token === undefined) return { status: 401, json: { code: "unauthorized", message: "Key not found" } };
  const { email, name } = token.account;
  return {
    status: 200,
    json: { email: email ?? "", companyName: name, plan: [{ type: "free", credits: 300, creditsType: "sendLimit" }] },
  };
}
