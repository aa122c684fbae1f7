import { columns, milliseconds } from "./rows.ts";

/**
 * In front of each statement that writes, which joins it: its transaction waits for the disk even if the pool's sessions
 * do not. Only what waits for more is left as it is.
 */
const durable = `durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
      WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true) AS level)`;

/** The intents of a row without those of the token sets in an array. */
function intentsWithout(intents: string, tokenSets: string): string {
  return `(SELECT coalesce(jsonb_agg(intent ORDER BY position), '[]')
      FROM jsonb_array_elements(${intents}) WITH ORDINALITY AS open (intent, position)
      WHERE NOT intent ->> 'tokenSet' = ANY (${tokenSets}))`;
}

const asRead = "g.connection_id = $1 AND g.grant_id = $2 AND g.version = $3::bigint AND g.fence = $4::bigint";

const purgedAtOnce = 20;

export interface Statements {
  readonly get: string;
  readonly insert: string;
  readonly lease: string;
  readonly release: string;
  readonly commit: string;
  readonly delete: string;
  readonly putFlow: string;
  readonly takeFlow: string;
  readonly listFlows: string;
  readonly getRecord: string;
  readonly addRecord: string;
  readonly replaceRecord: string;
  readonly removeRecord: string;
  readonly listRecords: string;
  readonly listRecordsBackwards: string;
  readonly rewrap: string;
  readonly claim: string;
}

/** All that is asked of the tables but for lists, each in one statement and so in one transaction. */
export function createStatements(schema: string): Statements {
  const grants = `${schema}.grants`;
  const flows = `${schema}.flows`;
  const records = `${schema}.records`;
  return {
    get: `SELECT ${columns("clock_timestamp()")} FROM ${grants} WHERE connection_id = $1`,

    // No row: who has the id or the identity came after the statement began, or is gone.
    insert: `WITH ${durable},
      inserted AS (
        INSERT INTO ${grants} (connection_id, connector, owner_hash, identity_hash, account_hash, token_hashes, grant_id,
          version, state, sealed, due_at, wrapped_key, created_at, updated_at)
        SELECT $1, $2, $3, $4, $5, $6::text[], $7, $8::bigint, $9, $10::bytea, $11::bigint, $12::bytea, present.at,
          present.at
        FROM durable, (SELECT clock_timestamp() AS at) AS present WHERE durable.level IS NOT NULL
        ON CONFLICT DO NOTHING RETURNING connection_id),
      holder AS (
        SELECT connection_id FROM ${grants} WHERE identity_hash = $4 OR connection_id = $1
        ORDER BY identity_hash = $4 DESC LIMIT 1)
      SELECT 'inserted' AS outcome, connection_id FROM inserted
      UNION ALL SELECT 'taken', connection_id FROM holder WHERE NOT EXISTS (SELECT FROM inserted)`,

    // The lock makes those who ask at once decide one after the other; the clock is read when it is theirs.
    lease: `WITH ${durable},
      locked AS (SELECT * FROM ${grants} WHERE connection_id = $1 FOR UPDATE),
      seen AS MATERIALIZED (SELECT locked.*, clock_timestamp() AS at FROM locked),
      decided AS MATERIALIZED (
        SELECT seen.*, CASE WHEN lease_until > at AND lease_holder <> $5 THEN 'held'
          WHEN grant_id <> $2 OR version <> $3::bigint OR fence <> $4::bigint THEN 'moved'
          ELSE 'leased' END AS outcome
        FROM seen),
      leased AS (
        UPDATE ${grants} AS g SET fence = decided.fence + 1, lease_holder = $5,
          lease_until = decided.at + $6::float8 * interval '1 millisecond',
          intents = CASE WHEN $7::text IS NULL THEN decided.intents
            ELSE ${intentsWithout("decided.intents", "ARRAY[$7::text]")} || jsonb_build_object('attemptId', $8::text,
              'tokenSet', $7::text, 'refreshTokenHash', $9::text, 'at', ${milliseconds("decided.at")}::bigint) END
        FROM decided, durable
        WHERE g.connection_id = decided.connection_id AND decided.outcome = 'leased' AND durable.level IS NOT NULL
        RETURNING g.fence AS new_fence)
      SELECT ${columns("at")}, outcome, new_fence::text AS new_fence,
        ceil(extract(epoch FROM lease_until - at) * 1000)::bigint::text AS remaining
      FROM decided LEFT JOIN leased ON true`,

    release: `WITH ${durable}
      UPDATE ${grants} AS g SET lease_holder = NULL, lease_until = NULL, intents = coalesce($4::jsonb, g.intents)
      FROM durable
      WHERE g.connection_id = $1 AND g.lease_holder = $2 AND g.fence = $3::bigint AND durable.level IS NOT NULL`,

    commit: `WITH ${durable}
      UPDATE ${grants} AS g SET grant_id = $5, version = $6::bigint, sealed = $7::bytea, state = $8, identity_hash = $9,
        account_hash = $10, token_hashes = $11::text[], due_at = $12::bigint, lease_holder = NULL, lease_until = NULL,
        intents = ${intentsWithout("g.intents", "$13::text[]")}, updated_at = clock_timestamp()
      FROM durable WHERE ${asRead} AND durable.level IS NOT NULL
      RETURNING 'committed' AS outcome`,

    delete: `WITH ${durable}
      DELETE FROM ${grants} AS g USING durable WHERE ${asRead} AND durable.level IS NOT NULL
      RETURNING 'deleted' AS outcome`,

    rewrap: `WITH ${durable}
      UPDATE ${grants} AS g SET wrapped_key = $4::bytea FROM durable
      WHERE g.connection_id = $1 AND g.grant_id = $2 AND g.wrapped_key = $3::bytea AND durable.level IS NOT NULL
      RETURNING 'rewrapped' AS outcome`,

    // Locks row by row as it goes through the index, up to the limit: what another has locked is as good as held. The rows
    // are updated by an array, whose length no plan overrates, and the place is that of the scan, from before others moved
    // the row: so the next page misses nothing.
    claim: `WITH ${durable},
      due AS MATERIALIZED (
        SELECT sequence FROM ${grants}
        WHERE due_at <= $1::bigint AND (due_at, sequence) > ($2::bigint, $3::bigint)
          AND (lease_until IS NULL OR lease_until <= clock_timestamp())
        ORDER BY due_at, sequence LIMIT $4::int FOR UPDATE SKIP LOCKED),
      places AS (
        SELECT sequence AS place_sequence, due_at AS place_due_at FROM ${grants}
        WHERE sequence = ANY (ARRAY(SELECT sequence FROM due))),
      claimed AS (
        UPDATE ${grants} AS g SET fence = g.fence + 1, lease_holder = $5,
          lease_until = clock_timestamp() + $6::float8 * interval '1 millisecond'
        FROM durable WHERE g.sequence = ANY (ARRAY(SELECT sequence FROM due)) AND durable.level IS NOT NULL
        RETURNING g.*, clock_timestamp() AS at)
      SELECT ${columns("at")}, place_due_at || ':' || place_sequence AS place
      FROM claimed JOIN places ON place_sequence = claimed.sequence ORDER BY place_due_at, place_sequence`,

    // Ended by the statement's beginning, since no index can be searched by a clock that runs on.
    putFlow: `WITH ${durable},
      ended AS (
        SELECT key FROM ${flows} WHERE ends_at <= statement_timestamp() AND key <> $1
        ORDER BY ends_at LIMIT ${purgedAtOnce} FOR UPDATE SKIP LOCKED),
      purged AS (DELETE FROM ${flows} AS f USING ended WHERE f.key = ended.key)
      INSERT INTO ${flows} (key, sealed, ends_at)
      SELECT $1, $2::bytea, clock_timestamp() + $3::float8 * interval '1 millisecond'
      FROM durable WHERE durable.level IS NOT NULL
      ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, ends_at = excluded.ends_at`,

    listFlows: `SELECT key, sealed FROM ${flows}
      WHERE key > $1 AND ends_at > clock_timestamp() ORDER BY key LIMIT $2`,

    takeFlow: `WITH ${durable}
      DELETE FROM ${flows} AS f USING durable WHERE f.key = $1 AND durable.level IS NOT NULL
      RETURNING f.sealed, (f.ends_at > clock_timestamp())::text AS lasts`,

    getRecord: `SELECT value FROM ${records} WHERE name = $1`,

    addRecord: `WITH ${durable}
      INSERT INTO ${records} (name, value) SELECT $1, $2::bytea FROM durable WHERE durable.level IS NOT NULL
      ON CONFLICT DO NOTHING RETURNING 'set' AS outcome`,

    replaceRecord: `WITH ${durable}
      UPDATE ${records} AS s SET value = $2::bytea FROM durable
      WHERE s.name = $1 AND s.value = $3::bytea AND durable.level IS NOT NULL
      RETURNING 'set' AS outcome`,

    removeRecord: `WITH ${durable}
      DELETE FROM ${records} AS s USING durable WHERE s.name = $1 AND s.value = $2::bytea AND durable.level IS NOT NULL
      RETURNING 'removed' AS outcome`,

    // Texts have the collation C in the table: the parameters are compared in it, too.
    listRecords: `SELECT name, value FROM ${records}
      WHERE name >= $1 AND name < $2 AND name > $3 ORDER BY name LIMIT $4`,

    listRecordsBackwards: `SELECT name, value FROM ${records}
      WHERE name >= $1 AND name < $2 AND ($3::text = '' OR name < $3) ORDER BY name DESC LIMIT $4`,
  };
}
