import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";

export interface Sealing<Sealed> {
  seal(plaintext: Buffer): Promise<Sealed> | Sealed;
  open(sealed: Sealed): Promise<unknown> | unknown;
}

/** A side that seals, or opens, text of `bytes` bytes, as `operation` says. */
export function sealing<Sealed>(create: () => Promise<Sealing<Sealed>>): OpenSide {
  return async ({ bytes, operation }) => {
    const { seal, open } = await create();
    // Text, as a grant is.
    const plaintext = Buffer.from(JSON.stringify({ token: "t".repeat(Number(bytes) - 12) }));
    if (operation === "seal") return timed(repeat(() => seal(plaintext)));
    const sealed = await seal(plaintext);
    return timed(repeat(() => open(sealed)));
  };
}
