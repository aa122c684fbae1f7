import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createEnvironment } from "../environment.ts";
import { json, startServer } from "../test/http-server.ts";
import { sendOnFreshSocket } from "./fresh-socket.ts";
import { type Transfer, transfer } from "./http.ts";
import { createTransport } from "./transport.ts";

const { after } = createEnvironment();
const form: RequestInit = {
  method: "POST",
  headers: { accept: "application/json", "user-agent": "test" },
  body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: "a+b é" }),
};

function send(
  url: string,
  init = form,
  limits: { timeoutMs?: number; maySend?: () => boolean } = {},
): Promise<Transfer> {
  return transfer(sendOnFreshSocket, url, init, { timeoutMs: 5_000, after, ...limits });
}

async function listen(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("sends what fetch would, and gives back the answer", async () => {
  const { origin, requests } = await startServer((response) => {
    response.setHeader("set-cookie", ["a=1", "b=2"]);
    json(response, { ok: true }, 201);
  });
  const sent = await send(`${origin}/token?x=1`);
  expect(sent).toMatchObject({ kind: "answered", response: { status: 201, body: { ok: true } } });
  expect(sent.kind === "answered" && sent.response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  await fetch(`${origin}/token?x=1`, form);
  const [own, fetched] = requests;
  expect(own).toMatchObject({ method: "POST", url: "/token?x=1", body: fetched?.body });
  for (const name of ["accept", "content-type", "content-length", "user-agent", "host"]) {
    expect(own?.headers[name], name).toBe(fetched?.headers[name]);
  }
});

test("D3 each request has a connection that nothing else used", async () => {
  const ports: (number | undefined)[] = [];
  const { origin } = await startServer((response, request) => {
    ports.push(request.socket.remotePort);
    json(response, {});
  });
  for (let round = 0; round < 4; round++) expect((await send(origin)).kind).toBe("answered");
  expect(new Set(ports).size).toBe(4);
});

test("D3 whether it may leave is asked once the connection stands, and a no sends nothing", async () => {
  let received = 0;
  let connected = false;
  const host = await listen((socket) => {
    connected = true;
    socket.on("data", (bytes: Buffer) => {
      received += bytes.length;
    });
  });
  const seen: boolean[] = [];
  const sent = await send(`http://${host}/`, form, {
    maySend: () => {
      seen.push(true);
      return false;
    },
  });
  expect(sent.kind).toBe("withheld");
  expect(seen).toEqual([true]);
  await expect.poll(() => connected).toBe(true);
  expect(received).toBe(0);
});

test("D7 whatever fails before the connection stands was not sent", async () => {
  const host = await listen(() => undefined);
  const refused = await startServer((response) => json(response, {}));
  await refused.close();
  expect((await send(refused.origin)).kind).toBe("unsent");
  expect((await send("http://name.invalid/")).kind).toBe("unsent");
  // A server that takes the connection and never answers the handshake.
  expect((await send(`https://${host}/`, form, { timeoutMs: 100 })).kind).toBe("unsent");
});

test("D7 a handshake that fails stops the request before it leaves", async () => {
  let requests = 0;
  // Without a certificate it refuses every handshake.
  const server = createTlsServer((_, response) => {
    requests++;
    response.end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const sent = await send(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(sent.kind).toBe("unsent");
  expect(requests).toBe(0);
});

test("D7 a reset or a silence after it was sent is ambiguous", async () => {
  const resetting = await listen((socket) => socket.once("data", () => socket.resetAndDestroy()));
  expect((await send(`http://${resetting}/`)).kind).toBe("ambiguous");
  const closing = await listen((socket) => socket.once("data", () => socket.end()));
  expect((await send(`http://${closing}/`)).kind).toBe("ambiguous");
  const silent = await listen((socket) => socket.resume());
  expect((await send(`http://${silent}/`, form, { timeoutMs: 100 })).kind).toBe("ambiguous");
  const cutting = await listen((socket) =>
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
      setTimeout(() => socket.resetAndDestroy(), 20);
    }),
  );
  expect((await send(`http://${cutting}/`)).kind).toBe("ambiguous");
});

test.each([204, 304])("an answer with status %d has no body", async (status) => {
  const { origin } = await startServer((response) => response.writeHead(status).end());
  expect((await send(origin)).kind).toBe(status === 304 ? "unusable" : "answered");
});

test("R23 a redirect is followed nowhere", async () => {
  const second = await startServer((response) => json(response, {}));
  const first = await startServer((response) => response.writeHead(307, { location: second.origin }).end());
  expect(await send(first.origin)).toMatchObject({ kind: "unusable", status: 307 });
  expect(second.requests).toEqual([]);
});

test("R29 the answer has the limits of every other", async () => {
  const { origin } = await startServer((response) => response.end("x".repeat(2 * 1024 * 1024)));
  expect(await send(origin)).toMatchObject({ kind: "unusable", status: 200 });
});

test.each([
  [100, "answered"],
  [101, "ambiguous"],
])("R29 an answer after %d interim responses is %s", async (count, kind) => {
  const flooding = await listen((socket) =>
    socket.once("data", () => {
      socket.write("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count));
      setTimeout(() => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), 50);
    }),
  );
  expect((await send(`http://${flooding}/`)).kind).toBe(kind);
});

test("an application's own fetch is used for every request", async () => {
  const urls: string[] = [];
  const transport = createTransport({
    fetch: async (url) => {
      urls.push(url);
      return Response.json({});
    },
    after,
    callTimeoutMs: 1_000,
  });
  await transport("https://example.com/a", {}, { freshSocket: true, maySend: () => true });
  await transport("https://example.com/b", {});
  expect(urls).toEqual(["https://example.com/a", "https://example.com/b"]);
  const withheld = await transport("https://example.com/c", {}, { freshSocket: true, maySend: () => false });
  expect(withheld.kind).toBe("withheld");
  expect(urls).toHaveLength(2);
});
