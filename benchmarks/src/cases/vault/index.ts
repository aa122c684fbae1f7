import type { Case } from "../../runner/case.ts";

const side = (name: string): URL => new URL(`sides/${name}.ts`, import.meta.url);
const sizes = [512, 2_048, 8_192];

export const vault: readonly Case[] = (["seal", "open"] as const).flatMap((operation) =>
  sizes.map((bytes): Case => {
    const settings = { bytes, operation };
    return {
      name: `vault/${operation}-${bytes}`,
      title: `${operation === "seal" ? "Seals" : "Opens"} ${bytes.toLocaleString("en-US")} bytes.`,
      figure: "nanoseconds",
      better: "lower",
      sides: [
        { name: "grantkeeper", module: side("grantkeeper"), settings },
        { name: "AES-256-GCM, node:crypto", module: side("node-crypto"), settings },
        { name: "AES-256-GCM, WebCrypto", module: side("web-crypto"), settings },
        { name: "better-auth", module: side("better-auth"), settings },
      ],
    };
  }),
);
