import type { GrantPayload, RefreshIntent } from "@grantkeeper/core/store";
import type { OpenSide, Side } from "../../runner/side.ts";
import { timed } from "../../runner/timed.ts";
import { newIntent, newPayload, rowCount } from "./rows.ts";

/** Where a row stands, as whoever works with it knows. */
export interface Standing {
  version: number;
  fence: number;
}

/** The three things that a refresh does with a store. Each must throw where nothing was read or changed. */
export interface Operations {
  read(connectionId: string): Promise<unknown> | unknown;
  lease(connectionId: string, standing: Standing, intent: RefreshIntent): Promise<unknown> | unknown;
  commit(connectionId: string, standing: Standing, payload: GrantPayload): Promise<unknown> | unknown;
  close(): Promise<void>;
}

/** A side that does one of them, row after row. */
export function operationsSide(open: (settings: Parameters<OpenSide>[0]) => Promise<Operations>): OpenSide {
  return async (settings): Promise<Side> => {
    const operations = await open(settings);
    const standings = Array.from({ length: rowCount }, (): Standing => ({ version: 1, fence: 0 }));
    let turn = 0;
    const loop = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done++) {
        turn += 1;
        const index = turn % rowCount;
        const standing = standings[index];
        if (standing === undefined) throw new RangeError("There is no such row.");
        await once(String(settings["operation"]), index, standing);
      }
    };
    async function once(operation: string, index: number, standing: Standing): Promise<void> {
      const connectionId = `con_${index}`;
      if (operation === "read") await operations.read(connectionId);
      else if (operation === "lease") {
        await operations.lease(connectionId, standing, newIntent(turn));
        standing.fence += 1;
      } else {
        await operations.commit(connectionId, standing, newPayload(index, standing.version + 1));
        standing.version += 1;
      }
    }
    return timed(loop, { roundMs: 100, close: operations.close });
  };
}
