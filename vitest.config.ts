import { defineConfig, type ViteUserConfig } from "vitest/config";

const report = process.env["GRANTKEEPER_TEST_REPORT"];

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["packages/**/*.test.ts", "apps/**/*.test.ts", "benchmarks/**/*.test.ts", "scripts/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    reporters: report ? ["default", ["json", { outputFile: report }]] : ["default"],
    // A forgotten test.only would leave the others out, and everything would look well.
    allowOnly: false,
    // Longer than the waits inside the tests, so that on a slow machine it is they that say what did not come.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
  },
});

export default config;
