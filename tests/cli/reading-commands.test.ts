import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stack, startStack } from '../../src/embedded/stack.ts';
import { eventStoreProgram } from '../support/compiled.ts';
import { copyProductData, copyStackData } from '../support/prepared.ts';
import { runLedger } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('On the data of a product that ran before', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'ledger-reading-'));
  beforeAll(() => copyProductData(dataDir), 120_000);
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test('two verifications at once take turns, and add or remove no file', async () => {
    const files = readdirSync(dataDir);
    const env = { LEDGER_DATA_DIR: dataDir, LOG_LEVEL: 'warn' };
    const runs = await Promise.all([runLedger(['verify'], env), runLedger(['verify'], env)]);
    for (const { code, output } of runs) {
      expect(output).toMatch(/Intact: \d+ events/);
      expect(code).toBe(0);
    }
    expect(readdirSync(dataDir)).toEqual(files);
  });

  describe('and whose servers are configured by URL', () => {
    let stack: Stack;
    let env: Record<string, string>;
    let login: pg.Client;
    beforeAll(async () => {
      stack = await startStack({ dataDir, program: eventStoreProgram });
      env = {
        DATABASE_URL: stack.databaseUrl,
        EVENTSTORE_URL: stack.eventStoreUrl,
        LEDGER_SECRET: Buffer.alloc(32, 1).toString('base64'),
        LOG_LEVEL: 'warn',
      };
      login = new pg.Client(stack.databaseUrl);
      await login.connect();
      await login.query('set role ledger_owner');
    }, 60_000);
    afterAll(async () => {
      await login.end();
      await stack.stop();
    });

    /** Returns every object, migration and version that a migration or a start would change. */
    const catalog = async () => {
      const { rows } = await login.query({
        text: `select (select count(*) from pg_class), (select count(*) from pg_proc), (select count(*) from pg_roles),
            (select string_agg(file || sha256, ',' order by file) from ops.migrations),
            (select string_agg(v::text, ',' order by version) from ops.projection_versions v)`,
        rowMode: 'array',
      });
      return rows;
    };

    test('reading commands change no object of the database', async () => {
      const before = await catalog();
      const runs = await Promise.all(
        [['verify'], ['parked', 'list'], ['repair-chain']].map((args) => runCommand(args, env)),
      );
      expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
      expect(await catalog()).toEqual(before);
    });

    test.each([
      ['older', `delete from ops.migrations where file = 'ops/200-last-validations.sql'`],
      ['newer', `insert into ops.migrations (file, sha256) values ('ops/999-later.sql', repeat('0', 64))`],
    ])(
      'the database of another release, %s, is named and not migrated, and its hash chains are checked',
      async (age, change) => {
        const { rows } = await login.query<{ file: string; sha256: string }>('select file, sha256 from ops.migrations');
        await login.query(change);
        await login.query('update ops.last_verification set verified_at = null');
        const before = await catalog();
        const [verified, listed] = await Promise.all([
          runCommand(['verify'], env),
          runCommand(['parked', 'list'], env),
        ]);
        expect(await catalog()).toEqual(before);
        await login.query(`delete from ops.migrations where file = 'ops/999-later.sql'`);
        for (const { file, sha256 } of rows)
          await login.query('insert into ops.migrations (file, sha256) values ($1, $2) on conflict do nothing', [
            file,
            sha256,
          ]);
        expect(verified.output).toMatch(new RegExp(`The database is of an? ${age} release`));
        expect(verified.output).toMatch(/Intact: \d+ events in \d+ hash chains/);
        expect(verified.code).toBe(0);
        // The rows were not compared, so the ledger is not known to be intact.
        expect((await login.query('select verified_at from ops.last_verification')).rows).toEqual([
          { verified_at: null },
        ]);
        expect(listed).toMatchObject({ code: 1, output: expect.stringContaining(`${age} release`) });
      },
    );

    test('a database without the schema ends with 6 and stays empty', async () => {
      const superuser = new URL(stack.databaseUrl);
      superuser.pathname = '/template1';
      const wrong = { ...env, DATABASE_URL: superuser.href };
      const [{ code, output }, reset] = await Promise.all([
        runCommand(['verify'], wrong),
        runCommand(['user', 'reset-password', 'a@example.com'], wrong),
      ]);
      expect(output).toContain('DATABASE_URL does not have the schema of License Ledger');
      expect([code, reset.code]).toEqual([6, 6]);
      const db = new pg.Client(superuser.href);
      await db.connect();
      const { rows } = await db.query(`select nspname from pg_namespace where nspname in ('ops', 'rm', 'vault')`);
      await db.end();
      expect(rows).toEqual([]);
    });

    test('a refused login ends every command with 2', async () => {
      const wrong = new URL(stack.databaseUrl);
      wrong.password = 'hidden-password';
      const refused = { ...env, DATABASE_URL: wrong.href };
      const runs = await Promise.all(
        [['status'], ['doctor'], ['jobs', 'list']].map((args) => runCommand(args, refused)),
      );
      expect(runs.map(({ code }) => code)).toEqual([2, 2, 2]);
      for (const { output } of runs) {
        expect(output).toMatch(/DATABASE_URL/);
        expect(output).toMatch(/refuses the connection/);
        expect(output).not.toContain('hidden-password');
      }
    });

    test('a database that a first start has not yet migrated belongs to a server that is starting', async () => {
      const first = await temporaryDirectory();
      await copyStackData(first);
      const started = await startStack({ dataDir: first, program: eventStoreProgram });
      try {
        const here = { LEDGER_DATA_DIR: first, LOG_LEVEL: 'warn' };
        const runs = await Promise.all([['verify'], ['status']].map((args) => runCommand(args, here)));
        expect(runs.map(({ code }) => code)).toEqual([4, 4]);
        for (const { output } of runs) expect(output).toContain('is starting');
      } finally {
        await started.stop();
      }
    });

    test('servers that do not answer end with 4, refused logins with 2, and both name the variable', async () => {
      const secret = 'hidden-password';
      const wrong = new URL(stack.databaseUrl);
      wrong.password = secret;
      const cases = [
        [
          { DATABASE_URL: `postgres://ledger:${secret}@127.0.0.1:9/ledger` },
          4,
          'DATABASE_URL: Postgres does not answer at 127.0.0.1:9',
        ],
        [{ DATABASE_PROJECTOR_URL: wrong.href }, 2, 'DATABASE_PROJECTOR_URL: Postgres at 127.0.0.1'],
        [{ DATABASE_URL: stack.databaseUrl.replace(/ledger$/, 'other') }, 2, 'database "other" does not exist'],
        [
          { EVENTSTORE_URL: `esdb://admin:${secret}@127.0.0.1:9?tls=false` },
          4,
          'EVENTSTORE_URL: The event store does not answer at 127.0.0.1:9',
        ],
      ] as const;
      const runs = await Promise.all(cases.map(([changed]) => runCommand(['verify'], { ...env, ...changed })));
      for (const [index, [, code, sentence]] of cases.entries()) {
        expect(runs[index]).toMatchObject({ code, output: expect.stringContaining(sentence) });
        expect(runs[index]?.output).not.toContain(secret);
      }
    });
  });
});
