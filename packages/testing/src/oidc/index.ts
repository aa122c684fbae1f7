export type { OidcLog, OidcTokenRequestEntry } from "./log.ts";
export {
  type OidcClientAuthentication,
  type OidcProvider,
  type OidcProviderOptions,
  startOidcProvider,
} from "./server.ts";
export { type SignInChoice, signIn } from "./sign-in.ts";
