export type { Secret } from "../secret.ts";
export {
  type AssertionKey,
  type AssertionOptions,
  type BasicEncoding,
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  noClientAuthentication,
  privateKeyJwt,
} from "./client-authentication.ts";
export {
  type Assertion,
  apiKey,
  basicCredentials,
  type CredentialGrant,
  type CredentialInput,
  type CredentialRequest,
  clientCredentials,
  jwtBearer,
  type StaticCredentials,
  tokenExchange,
} from "./credentials.ts";
export { defineConnector, defineKeyConnector, type KeyConnector } from "./define.ts";
export type * from "./emulation.ts";
export type * from "./json.ts";
export type * from "./provider-request.ts";
export type * from "./types.ts";
