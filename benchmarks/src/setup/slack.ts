import { type Installation, type InstallationStore, InstallProvider, type Logger, LogLevel } from "@slack/oauth";
import type { StoredTokens } from "./better-auth.ts";
import { client } from "./inputs.ts";

export const team = { teamId: "T1", enterpriseId: undefined, isEnterpriseInstall: false } as const;

const silent: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};

/** https://docs.slack.dev/tools/node-slack-sdk/oauth, with token rotation */
export function openSlack(installationStore: InstallationStore, apiUrl?: string): InstallProvider {
  return new InstallProvider({
    clientId: client.id,
    clientSecret: client.secret,
    stateSecret: "a-secret-of-the-state",
    installationStore,
    logger: silent,
    clientOptions: {
      retryConfig: { retries: 0 },
      ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    },
  });
}

export function installation({ accessToken, refreshToken, expiresAt }: StoredTokens): Installation<"v2", false> {
  return {
    team: { id: team.teamId, name: "Team" },
    enterprise: undefined,
    isEnterpriseInstall: false,
    user: { token: undefined, scopes: undefined, id: "U1" },
    bot: {
      id: "B1",
      userId: "UB1",
      scopes: ["chat:write"],
      token: accessToken,
      refreshToken,
      expiresAt: Math.floor(expiresAt.getTime() / 1000),
    },
    tokenType: "bot",
    appId: "A1",
    authVersion: "v2",
  };
}
