import type { EmulatedApiRequest, EmulatedResponse, Json, ProviderEmulation } from "@grantkeeper/core/connector";

type Account = NonNullable<EmulatedApiRequest["token"]>["account"];

/** Brevo on the wire: an API for the keys that `startProvider({ apiKeys })` lists, and nothing else. */
export const brevoEmulation: ProviderEmulation = {
  accounts: [
    { id: "65f0a1b2c3d4e5f6a7b8c9d0", name: "Example Bakery", email: "alex@example.com" },
    { id: "65f0a1b2c3d4e5f6a7b8c9d1", name: "Example Florist", email: "robin@example.org" },
  ],
  routes: [
    { method: "GET", url: "https://api.brevo.com/v3/account", handle: authenticated(account) },
    { method: "GET", url: "https://api.brevo.com/v3/senders", handle: authenticated(senders) },
  ],
  exampleCall: { path: "senders" },
};

function account({ id, name, email }: Account): Json {
  return {
    organization_id: id,
    user_id: 1,
    enterprise: false,
    companyName: name,
    email: email ?? null,
    firstName: "Alex",
    lastName: "Example",
    plan: [{ type: "free", creditsType: "sendLimit", credits: 300 }],
  };
}

function senders({ name, email }: Account): Json {
  return { senders: [{ id: 1, name, email: email ?? null, active: true }] };
}

// The refusal: unconfirmed by a page.
function authenticated(answer: (account: Account) => Json): (request: EmulatedApiRequest) => EmulatedResponse {
  return ({ token, reason }) =>
    token !== undefined
      ? { status: 200, json: answer(token.account) }
      : {
          status: 401,
          json: {
            message: reason === "missing" ? "authentication not found in headers" : "Key not found",
            code: "unauthorized",
          },
        };
}
