import { github } from "@grantkeeper/github";
import { client } from "../../setup/inputs.ts";

export const connector: ReturnType<typeof github> = github({
  clientId: client.id,
  clientSecret: client.secret,
  scopes: ["repo"],
});
export const callbackUrl = "https://app.example.com/connect";
