import type { ProviderContext } from "../context.ts";
import { authorizationCodeGrant } from "./authorization-code.ts";
import { clientCredentialsGrant } from "./client-credentials.ts";
import { deviceCodeGrant } from "./device-code.ts";
import type { TokenGrant } from "./grant.ts";
import { jwtBearerGrant } from "./jwt-bearer.ts";
import { refreshTokenGrant } from "./refresh-token.ts";
import { tokenExchangeGrant } from "./token-exchange.ts";

/** Every grant that a provider takes. */
export function tokenGrants(context: ProviderContext): readonly TokenGrant[] {
  const { clientCredentials, jwtBearer, tokenExchange } = context.options.grants ?? {};
  return [
    authorizationCodeGrant(context),
    refreshTokenGrant(context),
    ...(takesDevices(context) ? [deviceCodeGrant(context)] : []),
    ...(clientCredentials ? [clientCredentialsGrant(context, clientCredentials)] : []),
    ...(jwtBearer ? [jwtBearerGrant(context, jwtBearer)] : []),
    ...(tokenExchange ? [tokenExchangeGrant(context, tokenExchange)] : []),
  ];
}

/** Whether a provider lets devices in: its connector says where, or the caller says how. */
export function takesDevices({ connector, options }: ProviderContext): boolean {
  return connector.deviceAuthorizationEndpoint !== undefined || options.device !== undefined;
}
