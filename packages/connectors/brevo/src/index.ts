import {
  type Account,
  apiKey,
  type Connector,
  defineKeyConnector,
  type IdentityInput,
  type Json,
  type JsonObject,
} from "@grantkeeper/core/connector";

/**
 * Connects a Brevo account by an API key of its own (https://app.brevo.com/settings/keys/api).
 * Rests on https://developers.brevo.com/docs/api-key-authentication.
 */
export function brevo(): Connector<never, never, "apiKey"> {
  return defineKeyConnector({
    id: "brevo",
    name: "Brevo",
    credentials: apiKey(),
    // developers.brevo.com/docs/api-key-authentication, checked 2026-11-26
    tokenHeader: "api-key",
    apiBaseUrl: "https://api.brevo.com/v3",
    apiOrigins: ["https://api.brevo.com"],
    identify: { request: () => ({ url: "account", authentication: "bearer" }), read: readAccount },
    docs: "https://developers.brevo.com/docs/api-key-authentication",
    checkedOn: "2026-11-26",
    emulation: () => import("./emulation.ts").then((module) => module.brevoEmulation),
  });
}

// developers.brevo.com/reference/get-account, checked 2026-11-26. All keys of an organization are of one account, whoever
// of it has made them.
function readAccount({ response }: IdentityInput): Account | undefined {
  const { organization_id: id, companyName: name, email } = objectOf(response);
  if (typeof id !== "string" || id === "") return undefined;
  return { id, ...(typeof name === "string" && { name }), ...(typeof email === "string" && { email }) };
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
