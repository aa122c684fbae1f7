import { sqliteStore } from "../index.ts";
import { newRow } from "./new-row.ts";
import { finish, startLine } from "./start-line.ts";

/** Migrates at the same time as others, and adds a row of its own and one that all of them add. */
const [path = ""] = process.argv.slice(2);
const store = sqliteStore(path);
await startLine();
await store.migrate();
await store.insert(newRow(`own-${process.pid}`));
const { inserted } = await store.insert(newRow("shared"));
await store.close();
finish(inserted);
