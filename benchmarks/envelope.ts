import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { keyvStore } from "../packages/core/src/store/keyv-store.ts";
import { createDataKeys } from "../packages/core/src/vault/data-keys.ts";
import { createKeySet } from "../packages/core/src/vault/key-set.ts";
import { createKeyProviders, generateKey } from "../packages/core/src/vault/keyring.ts";
import { createVault } from "../packages/core/src/vault/vault.ts";

// What opening and sealing a grant of 2 KiB costs, as a multiple of AES-256-GCM alone on the same bytes.

const bound = 3;
const rounds = 41;
const perRound = 2_000;
const plaintext = randomBytes(2_048);
const always = { lifetimeMs: Number.POSITIVE_INFINITY, now: () => 0 };

const { records } = keyvStore();
const providers = createKeyProviders([{ id: "benchmark", secret: generateKey() }]);
const dataKeys = createDataKeys({ vault: createVault(createKeySet({ records, providers, ...always })), ...always });
const row = { connectionId: "con_1", wrappedKey: await dataKeys.create("con_1") };
const context = { kind: "grant", id: "con_1/gnt_1", version: 1 } as const;
const sealed = await dataKeys.seal(row, plaintext, context);

const key = createSecretKey(randomBytes(32));
const associatedData = Buffer.from("con_1/gnt_1");

function sealBare(): { readonly iv: Buffer; readonly ciphertext: Buffer; readonly tag: Buffer } {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: 16 });
  cipher.setAAD(associatedData);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

const bare = sealBare();

function openBare(): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, bare.iv, { authTagLength: 16 });
  decipher.setAAD(associatedData);
  decipher.setAuthTag(bare.tag);
  return Buffer.concat([decipher.update(bare.ciphertext), decipher.final()]);
}

/** Nanoseconds of one call. */
async function time(work: () => unknown): Promise<number> {
  const from = process.hrtime.bigint();
  for (let count = 0; count < perRound; count++) await work();
  return Number(process.hrtime.bigint() - from) / perRound;
}

/** The median of many short comparisons: what disturbs one round disturbs both sides of it. */
async function ratio(own: () => unknown, reference: () => unknown): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const referenceTime = await time(reference);
    ratios.push((await time(own)) / referenceTime);
  }
  return ratios.sort((one, other) => one - other)[(rounds - 1) / 2] ?? Number.NaN;
}

const open = await ratio(() => dataKeys.open(row, sealed, context), openBare);
const seal = await ratio(() => dataKeys.seal(row, plaintext, context), sealBare);
const round = (value: number): number => Math.round(value * 100) / 100;
const report = { benchmark: "envelope", bytes: plaintext.length, open: round(open), seal: round(seal), bound };
process.stdout.write(`${JSON.stringify(report)}\n`);
if (open > bound || seal > bound) process.exitCode = 1;
