export type { AssertionKey } from "@grantkeeper/core/connector";
export { type SalesforceOptions, salesforce } from "./salesforce.ts";
export { type SalesforceJwtOptions, salesforceJwt } from "./salesforce-jwt.ts";
export type { SalesforceScope } from "./scopes.ts";
