import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { context, failureOf, sameBytes } from "./key-provider-errors.ts";
import type { KeyProviderTestFunction } from "./key-provider-test.ts";

/** Tests what is wrapped: that it opens as it was, where it was meant to, and nothing else does. */
export function testWrapping(test: KeyProviderTestFunction): void {
  test("E1 what one process wraps any other unwraps, and the wrapped bytes show nothing of it", async ({ client }) => {
    const [own, other] = [client(), client()];
    assert.equal(other.id, own.id);
    assert.match(own.id, /^[\w.-]{1,64}$/);
    for (const key of [randomBytes(32), new Uint8Array(randomBytes(32)), Buffer.alloc(32), Buffer.alloc(32, 0xff)]) {
      const given = Uint8Array.from(key);
      const wrapped = await own.wrap(given, context);
      sameBytes(given, key, "a key that is wrapped stays as it is");
      const shown = Buffer.from(wrapped).toString("latin1");
      for (const form of ["latin1", "base64", "base64url", "hex"] as const) {
        assert.ok(!shown.includes(Buffer.from(key).toString(form).slice(0, 20)), "wrapped bytes do not hold the key");
      }
      for (const reader of [own, other]) {
        const copy = Uint8Array.from(wrapped);
        const unwrapped = await reader.unwrap(copy, context);
        assert.equal(unwrapped.byteLength, 32);
        sameBytes(unwrapped, key, "what is unwrapped is what was wrapped");
        sameBytes(copy, wrapped, "bytes that are unwrapped stay as they are");
      }
    }
  });

  test("E1 many calls at once get each its own answer", async ({ client }) => {
    const provider = client();
    const keys = Array.from({ length: 50 }, (_, index) => ({ key: randomBytes(32), version: index + 1 }));
    await Promise.all(
      keys.map(async ({ key, version }) => {
        const own = { ...context, version };
        const wrapped = await provider.wrap(key, own);
        sameBytes(await provider.unwrap(wrapped, own), key, "an answer is that of its own call");
      }),
    );
  });

  test("E2 what was wrapped opens under its own key id and version only", async ({ client }) => {
    const provider = client();
    const key = randomBytes(32);
    const own = { keyId: "key", version: 11 };
    const wrapped = await provider.wrap(key, own);
    const others = [
      { keyId: "key", version: 1 },
      { keyId: "key", version: 12 },
      { keyId: "key", version: 2 ** 32 - 1 },
      { keyId: "key1", version: 1 },
      { keyId: "ke", version: 11 },
      { keyId: "KEY", version: 11 },
      { keyId: "key.", version: 11 },
      { keyId: "another", version: 11 },
    ];
    for (const other of others) {
      const named = `${other.keyId} ${other.version}`;
      await failureOf(() => provider.unwrap(wrapped, other), { code: "decryption_failed", secrets: [key] }, named);
    }
    sameBytes(await provider.unwrap(wrapped, own), key, "what others could not open stays good");
  });

  test("E9 wrapped bytes that were changed, cut, lengthened or swapped do not open", async ({ client }) => {
    const provider = client();
    const [key, otherKey] = [randomBytes(32), randomBytes(32)];
    const wrapped = Buffer.from(await provider.wrap(key, context));
    const ofAnother = { ...context, version: 2 };
    const other = Buffer.from(await provider.wrap(otherKey, ofAnother));
    const middle = wrapped.length >> 1;
    const damaged: readonly (readonly [string, Uint8Array])[] = [
      ...[...wrapped].map((byte, index) => {
        const changed = Buffer.from(wrapped);
        changed[index] = byte ^ (index % 2 === 0 ? 0x01 : 0x40);
        return [`byte ${index} is another`, changed] as const;
      }),
      ...[...wrapped.keys()].map((length) => [`cut to ${length} bytes`, wrapped.subarray(0, length)] as const),
      ["the first byte is gone", wrapped.subarray(1)],
      ["a byte is added", Buffer.concat([wrapped, Buffer.of(0)])],
      ["a line end is added", Buffer.concat([wrapped, Buffer.from("\n")])],
      ["twice", Buffer.concat([wrapped, wrapped])],
      ["its halves are swapped", Buffer.concat([wrapped.subarray(middle), wrapped.subarray(0, middle)])],
      ["a half is another's", Buffer.concat([wrapped.subarray(0, middle), other.subarray(middle)])],
      ["another version's", other],
      ["the key itself", key],
      ["the key as text", Buffer.from(key.toString("base64"))],
      ["random", randomBytes(wrapped.length)],
      ["text", Buffer.from('{"key":"../../sys"}')],
      ["a hundred thousand bytes", randomBytes(100_000)],
    ];
    await Promise.all(
      damaged.map(([name, bytes]) =>
        failureOf(() => provider.unwrap(bytes, context), { code: "decryption_failed", secrets: [key, otherKey] }, name),
      ),
    );
    sameBytes(await provider.unwrap(wrapped, context), key, "the bytes as they were still open");
    sameBytes(await provider.unwrap(other, ofAnother), otherKey, "and those of the other version");
  });

  test("E9 what another key of the same id has wrapped does not open", async ({ client, stranger }) => {
    const [own, other] = [client(), stranger()];
    assert.equal(other.id, own.id);
    for (const [writer, reader] of [
      [own, other],
      [other, own],
    ] as const) {
      const key = randomBytes(32);
      const wrapped = await writer.wrap(key, context);
      await failureOf(() => reader.unwrap(wrapped, context), { code: "decryption_failed", secrets: [key] });
      sameBytes(await writer.unwrap(wrapped, context), key, "the key that wrapped it opens it");
    }
  });
}
