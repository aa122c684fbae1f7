import { randomUUID } from "node:crypto";
import type { OpenSide } from "../../../runner/side.ts";
import { openPool } from "../../../setup/postgres.ts";
import { requestTokens } from "../../../setup/refresh-loop.ts";
import { refreshSide } from "../refresh-side.ts";

/** Lease, token request, commit, without encryption and without any care for what may go wrong; prepared statements. */
export const open: OpenSide = refreshSide(async ({ origin, schema }) => {
  const pool = openPool();
  const name = `"${schema}_by_hand"`;
  await pool.query(`CREATE SCHEMA ${name}`);
  await pool.query(`CREATE TABLE ${name}.grants (id text PRIMARY KEY, access_token text, refresh_token text,
    expires_at timestamptz, version bigint, lease_holder text, lease_until timestamptz)`);
  const leaseText = `UPDATE ${name}.grants SET lease_holder = $1, lease_until = now() + interval '30 seconds'
    WHERE id = $2 AND (lease_until IS NULL OR lease_until < now()) RETURNING refresh_token, version::text`;
  const commitText = `UPDATE ${name}.grants SET access_token = $1, refresh_token = $2, expires_at = $3,
    version = version + 1, lease_holder = NULL, lease_until = NULL
    WHERE id = $4 AND version = $5::bigint AND lease_holder = $6`;
  return {
    async keep({ id, refreshToken }) {
      const values = [id, `expired-${id}`, refreshToken];
      await pool.query(`INSERT INTO ${name}.grants VALUES ($1, $2, $3, now(), 1, NULL, NULL)`, values);
      return id;
    },
    async refresh(id) {
      const holder = randomUUID();
      const leased = await pool.query<{ readonly refresh_token: string; readonly version: string }>({
        ...{ name: "lease", text: leaseText, values: [holder, id] },
      });
      const [row] = leased.rows;
      if (row === undefined) throw new Error("Another has the lease.");
      const tokens = await requestTokens(String(origin), row.refresh_token);
      const expiresAt = new Date(Date.now() + Number(tokens["expires_in"]) * 1000);
      const values = [tokens["access_token"], tokens["refresh_token"], expiresAt, id, row.version, holder];
      const { rowCount } = await pool.query({ name: "commit", text: commitText, values });
      if (rowCount !== 1) throw new Error("The lease was lost.");
      return tokens["access_token"];
    },
    close: () => pool.end(),
  };
});
