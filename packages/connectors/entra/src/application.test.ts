import { clientSecretPost } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { applicationFixtures } from "../fixtures/application.ts";
import { entraApplication } from "./application.ts";

const client = { clientId: "client", clientAuthentication: clientSecretPost("secret") };
const { params: _, ...withoutParams } = applicationFixtures;

connectorContract(test, entraApplication(client), applicationFixtures);
connectorContract(test, entraApplication({ ...client, tenant: "contoso.onmicrosoft.com" }), withoutParams);

test("R18 what is asked for is all that was granted, of one API", () => {
  expect(entraApplication(client).scopes).toEqual(["https://graph.microsoft.com/.default"]);
  const api = { resource: "api://1234", apiBaseUrl: "https://api.contoso.example/v1" };
  expect(entraApplication({ ...client, ...api })).toMatchObject({
    scopes: ["api://1234/.default"],
    apiOrigins: ["https://api.contoso.example"],
  });
});

test("R25 a tenant is named by its id alone", () => {
  const { tenant } = entraApplication(client).params;
  for (const name of ["common", "organizations", "contoso.onmicrosoft.com", ""]) expect(tenant.test(name)).toBe(false);
});
