import type { Connection } from "./connection.ts";
import type { AddedFault, FaultScope, NetworkFault } from "./faults.ts";
import { seeded } from "./seeded.ts";
import { strike } from "./strike.ts";

/** The faults of a proxy, in the order in which they were added, and the connections that they strike. */
export interface FaultList {
  readonly add: (fault: NetworkFault, scope: FaultScope, open: Iterable<Connection>) => AddedFault;
  readonly clear: () => void;
  /** A connection was opened, and is struck by what is to strike it. */
  readonly meet: (connection: Connection) => void;
  readonly forget: (connection: Connection) => void;
}

export function createFaultList(random: () => number): FaultList {
  const entries = new Set<Entry>();
  return {
    add: (fault, scope, open) => {
      const entry = createEntry(fault, scope, random);
      entries.add(entry);
      if (scope.connections !== "new") for (const connection of open) entry.meet(connection);
      return {
        get struck() {
          return entry.struck();
        },
        remove: () => {
          entries.delete(entry);
          entry.letGo();
        },
      };
    },
    clear: () => {
      for (const entry of entries) entry.letGo();
      entries.clear();
    },
    meet: (connection) => {
      for (const entry of entries) if (entry.scope.connections !== "open") entry.meet(connection);
    },
    forget: (connection) => {
      for (const entry of entries) entry.forget(connection);
    },
  };
}

interface Entry {
  readonly scope: FaultScope;
  readonly struck: () => number;
  readonly meet: (connection: Connection) => void;
  readonly forget: (connection: Connection) => void;
  readonly letGo: () => void;
}

function createEntry(fault: NetworkFault, scope: FaultScope, random: () => number): Entry {
  const { probability = 1, atMost = Number.POSITIVE_INFINITY, when } = scope;
  // What stops each connection's watching, or lets go of it.
  const letGoOf = new Map<Connection, () => void>();
  let struck = 0;

  /** Drawn for those too that are not struck any more, so that each connection keeps its number. */
  function isChosen(): boolean {
    return probability > 0 && (probability === 1 || random() < probability);
  }

  function hit(connection: Connection, own: () => number): void {
    if (struck >= atMost || connection.isOver()) return;
    struck += 1;
    letGoOf.set(connection, strike(fault, connection, own));
  }

  function watch(connection: Connection, sendsIt: (sent: Buffer) => boolean): void {
    // Drawn now, so that the order in which data come on several connections changes nothing.
    const own = seeded(random());
    const stop = connection.watch((sent) => {
      if (!sendsIt(sent) || own() >= probability) return;
      stop();
      hit(connection, own);
    });
    letGoOf.set(connection, stop);
  }

  return {
    scope,
    struck: () => struck,
    meet: (connection) => {
      if (when !== undefined) watch(connection, when);
      else if (isChosen()) hit(connection, random);
    },
    forget: (connection) => letGoOf.delete(connection),
    letGo: () => {
      for (const stop of letGoOf.values()) stop();
      letGoOf.clear();
    },
  };
}
