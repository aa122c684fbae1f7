import type { Socket } from "node:net";
import { checkedRandom, checkFault, checkOptions, checkScope } from "./check.ts";
import { type Connection, openConnection } from "./connection.ts";
import { createFaultList } from "./fault-list.ts";
import { listen } from "./listener.ts";
import type { FaultProxy, FaultProxyOptions } from "./options.ts";

/**
 * Starts a TCP proxy on 127.0.0.1 between a client and a target, such as a keeper and its provider or its store, that
 * passes everything on until a fault is added. For development and tests: throws under NODE_ENV=production. Throws
 * TypeError or RangeError for an option that is none, and rejects when the port cannot be had.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  if (process.env["NODE_ENV"] === "production")
    throw new Error("The fault proxy does not start under NODE_ENV=production.");
  checkOptions(options);
  const open = new Set<Connection>();
  const faults = createFaultList(checkedRandom(options.random ?? Math.random));
  let total = 0;
  let closing: Promise<void> | undefined;

  function onConnection(client: Socket): void {
    const connection = openConnection(client, options.target);
    total += 1;
    open.add(connection);
    void connection.closed.then(() => {
      open.delete(connection);
      faults.forget(connection);
    });
    if (closing === undefined) faults.meet(connection);
    else connection.destroy();
  }

  function drop(): number {
    const dropped = [...open].filter((connection) => !connection.isOver());
    for (const connection of open) connection.reset();
    return dropped.length;
  }

  function orClosed<Result>(act: () => Result): Result {
    if (closing === undefined) return act();
    throw new Error("The fault proxy is closed.");
  }

  async function closeAll(): Promise<void> {
    const stopped = listener.close();
    for (const connection of open) connection.destroy();
    await stopped;
    await Promise.all([...open].map(({ closed }) => closed));
  }

  const listener = await listen(options.port ?? 0, onConnection);
  return {
    port: listener.port,
    origin: `http://127.0.0.1:${listener.port}`,
    connections: {
      get open() {
        return open.size;
      },
      get total() {
        return total;
      },
    },
    add: (fault, scope = {}) => {
      checkFault(fault);
      checkScope(scope);
      return orClosed(() => faults.add({ ...fault }, { ...scope }, open));
    },
    clear: faults.clear,
    refuse: async () => orClosed(listener.refuse),
    accept: async () => orClosed(listener.accept),
    drop,
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}
