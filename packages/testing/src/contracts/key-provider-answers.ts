import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { context, failureOf } from "./key-provider-errors.ts";
import { use } from "./key-provider-outages.ts";
import type { KeyServiceTestFunction } from "./key-provider-test.ts";
import type { ServiceAnswer } from "./key-service-front.ts";

const json = { "content-type": "application/json" };
const statuses: readonly number[] = [200, 201, 204, 400, 401, 403, 404, 405, 409, 412, 413, 429, 500, 502, 503];
const malformed: readonly string[] = [
  "",
  " ",
  "<html>",
  '{"',
  "null",
  "7",
  '""',
  "[]",
  "[{}]",
  "{}",
  '{"data":null}',
  '{"data":[]}',
  '{"data":{}}',
  '{"__proto__":{"data":{}}}',
];

/** Tests answers that a service should not give: none becomes a key, and none of their words come out. */
export function testAnswers(test: KeyServiceTestFunction): void {
  test("E9 an answer that is not of the service's form is keys_unavailable", async (it) => {
    const used = await use(it);
    for (const text of malformed) {
      await it.front.answering(
        (response) => void response.writeHead(200, json).end(text),
        () => used.failsWith("keys_unavailable", JSON.stringify(text)),
      );
    }
    await used.works();
  });

  test("E9 an answer to wrapping that holds nothing, or too much, is keys_unavailable", async (it) => {
    const { provider } = await use(it);
    for (const bytes of [0, 100_000, 2_000_000]) {
      const body = it.service.wrappedBody(randomBytes(bytes));
      const key = randomBytes(32);
      await it.front.answering(
        (response) => void response.writeHead(200, json).end(body),
        () =>
          failureOf(() => provider.wrap(key, context), { code: "keys_unavailable", secrets: [key] }, `${bytes} bytes`),
      );
    }
  });

  test("E9 an answer to unwrapping that is no key of 32 bytes is an error", async (it) => {
    const { provider, wrapped } = await use(it);
    for (const bytes of [0, 1, 16, 31, 33, 64, 100_000]) {
      const wrong = randomBytes(bytes);
      const code = bytes > 64 ? (["decryption_failed", "keys_unavailable"] as const) : "decryption_failed";
      await it.front.answering(
        (response) => void response.writeHead(200, json).end(it.service.unwrappedBody(wrong)),
        () =>
          failureOf(
            () => provider.unwrap(wrapped, context),
            { code, secrets: bytes > 12 ? [wrong] : [] },
            `${bytes} bytes`,
          ),
      );
    }
  });

  test("E1 an answer without an end is given up", async (it) => {
    const used = await use(it, 0.5);
    const endless: ServiceAnswer = (response) => {
      response.writeHead(200, json).write('{"');
      const more = (): void => {
        while (!response.closed && response.write(spaces));
      };
      response.on("drain", more);
      more();
    };
    await it.front.answering(endless, () => used.failsWith("keys_unavailable", "endless"));
    assert.equal(it.front.waited(), 0, "the client gives up by itself");
    await used.works(it.client());
  });

  test("R54 no redirect is followed: keys go to the service alone", async (it) => {
    const used = await use(it);
    let received = 0;
    const elsewhere = createServer((_request, response) => {
      received++;
      response.writeHead(200, json).end(it.service.unwrappedBody(randomBytes(32)));
    }).listen(0, "127.0.0.1");
    await once(elsewhere, "listening");
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        await it.front.answering(
          (response) => void response.writeHead(status, { location }).end(),
          () => used.failsWith("keys_unavailable", `status ${status}`),
        );
      }
    } finally {
      elsewhere.closeAllConnections();
      elsewhere.close();
    }
    assert.equal(received, 0, "nothing was sent elsewhere");
  });

  test("R54 no error shows a key, even where the service says all that it was sent", async (it) => {
    const { key, wrapped, provider } = await use(it);
    const code = ["keys_unavailable", "invalid_config", "decryption_failed"] as const;
    for (const status of statuses) {
      // As it came, in the words of a failure, and beside the key that was asked for.
      const bodies = [
        (sent: string) => sent,
        (sent: string) => it.service.failureBody(sent),
        () =>
          it.service.failureBody(
            ["base64", "hex"].map((form) => Buffer.from(key).toString(form as BufferEncoding)).join(" "),
          ),
        (sent: string) => `<html>${sent}`,
      ];
      for (const bodyOf of bodies) {
        const fresh = randomBytes(32);
        const secrets = [key, fresh];
        await it.front.answering(
          (response, { body }) => void response.writeHead(status, json).end(bodyOf(body)),
          async () => {
            await failureOf(() => provider.wrap(fresh, context), { code, secrets }, `status ${status}`);
            await failureOf(() => provider.unwrap(wrapped, context), { code, secrets }, `status ${status}`);
          },
        );
      }
    }
  });
}

const spaces = " ".repeat(16_384);
