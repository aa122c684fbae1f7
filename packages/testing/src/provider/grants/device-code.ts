import type { ProviderContext } from "../context.ts";
import { deviceGrantType } from "../device/options.ts";
import type { TokenGrant } from "./grant.ts";

/** RFC 8628, section 3.4. */
export function deviceCodeGrant({ devices, engine, refreshTokens }: ProviderContext): TokenGrant {
  return {
    type: deviceGrantType,
    request: "device_code",
    expected: undefined,
    clientAuthentication: "required",
    identifies: true,
    judge: ({ parameters, at }) => {
      const polled = devices.poll(parameters.get("device_code") ?? "", at);
      return "error" in polled ? polled : { issued: engine.issue({ ...polled, refreshTokens }) };
    },
  };
}
