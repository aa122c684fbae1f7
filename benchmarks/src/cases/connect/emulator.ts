import { startProvider } from "@grantkeeper/testing";
import { connector } from "./connector.ts";

// The emulated provider, which consents at once, in a process of its own that says where it listens.

const emulation = await connector.emulation?.();
const [account] = emulation?.accounts ?? [];
if (account === undefined) throw new Error("The connector emulates no account.");
const provider = await startProvider(connector, { signInAs: account.id });
process.send?.(provider.origin);
process.on("disconnect", () => process.exit());
