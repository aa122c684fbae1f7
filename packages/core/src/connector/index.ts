export type { Secret } from "../secret.ts";
export {
  type BasicEncoding,
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  noClientAuthentication,
} from "./client-authentication.ts";
export { defineConnector } from "./define.ts";
export type * from "./emulation.ts";
export type * from "./json.ts";
export type * from "./types.ts";
