import type { RecordQuery } from "../port.ts";

/** Names in their order, in memory: Keyv itself finds by key only. True while one process alone writes. */
export interface SortedNames {
  add(name: string): void;
  delete(name: string): void;
  page(query: RecordQuery): readonly string[];
}

export function createSortedNames(): SortedNames {
  const names: string[] = [];

  /** The first index whose name is not before this one. */
  function indexOf(name: string): number {
    let [low, high] = [0, names.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((names[middle] ?? "") < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    add(name) {
      const index = indexOf(name);
      if (names[index] !== name) names.splice(index, 0, name);
    },
    delete(name) {
      const index = indexOf(name);
      if (names[index] === name) names.splice(index, 1);
    },
    page({ prefix, after, backwards = false, limit }) {
      const page: string[] = [];
      const begins = (name: string | undefined): name is string => name?.startsWith(prefix) === true;
      if (backwards) {
        // What begins with a prefix stands together: from its last name on.
        let index = after === undefined ? indexAfter(prefix) : indexOf(after);
        for (let name = names[--index]; begins(name) && page.length < limit; name = names[--index]) page.push(name);
        return page;
      }
      let index = after === undefined || after < prefix ? indexOf(prefix) : indexOf(after);
      if (names[index] === after) index++;
      for (let name = names[index]; begins(name) && page.length < limit; name = names[++index]) page.push(name);
      return page;
    },
  };

  function indexAfter(prefix: string): number {
    let [low, high] = [indexOf(prefix), names.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (names[middle]?.startsWith(prefix)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
