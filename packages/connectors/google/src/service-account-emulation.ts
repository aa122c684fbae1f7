import type { ProviderEmulation } from "@grantkeeper/core/connector";
import { googleEmulation } from "./emulation.ts";

/** Google as service accounts see it: two of them, and the users of a domain that has delegated to them. */
export const serviceAccountEmulation: ProviderEmulation = {
  ...googleEmulation,
  accounts: [
    { id: "110000000000000000001", name: "sync", email: "sync@project-example.iam.gserviceaccount.com" },
    { id: "110000000000000000002", name: "backup", email: "backup@project-example.iam.gserviceaccount.com" },
    ...googleEmulation.accounts,
  ],
};
