import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { places } from '../../src/embedded/data-directory.ts';
import { type CommandPlace, openCommandPlaces } from '../support/command-places.ts';
import { runCommand } from '../support/run-command.ts';
import { outputPattern } from '../support/shown-output.ts';
import { sized } from '../support/size.ts';
import { codesElsewhere, packRows } from './codes-elsewhere.ts';

// Each command runs through the entry of the program, with each exit code that docs/cli.md promises for it.

/** The arguments after the command, where it runs, and what is different there before. Returns what ends the difference. */
type Row = readonly [code: number, args: string, place: CommandPlace, before?: () => Promise<() => unknown>];

const page = readFileSync('docs/cli.md', 'utf8');
let opened: Awaited<ReturnType<typeof openCommandPlaces>>;
beforeAll(async () => {
  opened = await openCommandPlaces();
}, 120_000);
afterAll(() => opened.close(), 60_000);

/** Changes the database for the time of a row. */
const sql = (change: string, back: string) => async () => {
  await opened.models.superuser.query(change);
  return () => opened.models.superuser.query(back);
};
const variable = (place: CommandPlace, name: string, value: string) => async () => {
  const before = opened.environments[place];
  opened.environments[place] = { ...before, [name]: value };
  return () => {
    opened.environments[place] = before;
  };
};

const anIllProcess = sql(
  `insert into ops.processes (process_id, roles, host, pid, version, release, started_at, status, faults)
    values ('01960000-0000-7000-8000-000000000000', '{api}', 'other', 1, '0.1.0', 1, now(), 'failing',
      '[{"part": "disk", "state": "failing", "reason": "is full", "since": "2026-11-30T08:00:00Z"}]')`,
  `delete from ops.processes where host = 'other'`,
);

const parkedStream = () => opened.parkStream();
const brokenDemo = () => opened.runLocally(opened.damaged.url, opened.baseUrl);
const silentDemo = () => opened.runLocally(opened.store.url, 'http://127.0.0.1:1');
const oneLogLine = async () => {
  const line = { level: 30, time: '2026-11-30T08:00:00.000Z', msg: 'request' };
  writeFileSync(path.join(places(opened.at('local')).logs, 'ledger-000001.log'), `${JSON.stringify(line)}\n`);
  return () => undefined;
};
const aFileThatIsNoKey = async () => {
  mkdirSync(opened.at('bad-keys'), { recursive: true });
  writeFileSync(path.join(opened.at('bad-keys'), 'key.pem'), 'nothing');
  return variable('RUNNING', 'JWT_KEYS_DIR', opened.at('bad-keys'))();
};
/** As the page shows it: the secret in a file, and no other variable for it. */
const secretInAFile = async () => {
  const file = opened.at('ledger-secret');
  writeFileSync(file, opened.environments.RUNNING.LEDGER_SECRET ?? '');
  const ends = [
    await variable('RUNNING', 'LEDGER_SECRET', '')(),
    await variable('RUNNING', 'LEDGER_SECRET_FILE', file)(),
  ];
  return () => ends.toReversed().map((end) => end());
};
const ownPostgresAway = async () => {
  const url = 'postgres://eventstore@127.0.0.1:1/eventstore';
  const ends = [
    await variable('SILENT', 'LEDGER_EVENTSTORE_DATABASE_URL', url)(),
    await variable('SILENT', 'LEDGER_EVENTSTORE_HEALTH_PORT', '0')(),
  ];
  return () => ends.toReversed().map((end) => end());
};
const pausedQueue = async () => {
  await runCommand(['jobs', 'pause', 'ledger'], opened.environments.RUNNING);
  return () => runCommand(['jobs', 'resume', 'ledger'], opened.environments.RUNNING);
};

const isFull = sized(1, 0) === 1;
const elsewhere = codesElsewhere(isFull);
const newOrganization = "--organization 'Example Software' --email ann@vendor.example --generate-password";
const away = (args = ''): readonly Row[] => [
  [4, args, 'SILENT'],
  [6, args, 'NOWHERE'],
];
const noLog = '--organization org_01h455vb4pex5vsknk084sn02q';
const ofUsers = (args: string): readonly Row[] => [
  [2, args, 'RUNNING'],
  [4, args, 'NOWHERE'],
];
const ofLog = (args: string): readonly Row[] => [[2, '', 'RUNNING'], [5, args, 'RUNNING'], ...away(args)];
const rows: Readonly<Record<string, readonly Row[]>> = {
  start: [[2, '--roles nothing', 'NOWHERE']],
  init: [
    [2, '--email ann', 'RUNNING'],
    [4, newOrganization, 'SILENT'],
    [0, newOrganization, 'RUNNING'],
    [5, newOrganization, 'RUNNING'],
  ],
  'secrets status': [
    [0, '', 'RUNNING', secretInAFile],
    [2, '', 'RUNNING', variable('RUNNING', 'LEDGER_SECRET', Buffer.alloc(32, 8).toString('base64'))],
    ...away(),
    [6, '', 'DAMAGED'],
  ],
  'secrets rotate': [
    [2, '--prepare --switch', 'RUNNING'],
    [0, '--prepare', 'RUNNING'],
    [5, '--retire --id unknown', 'RUNNING'],
    ...away('--prepare'),
  ],
  status: [[0, '', 'RUNNING'], [1, '', 'RUNNING', anIllProcess], ...away()],
  doctor: [
    [0, '', 'NOWHERE'],
    [
      1,
      '',
      'RUNNING',
      sql('grant select on rm.license_keys to public', 'revoke select on rm.license_keys from public'),
    ],
    [4, '', 'SILENT'],
  ],
  verify: [[0, '', 'RUNNING'], [3, '', 'DAMAGED'], ...away()],
  pack: packRows,
  'repair-chain': [
    [0, '', 'RUNNING'],
    [2, '--apply --operator ops-7', 'RUNNING'],
    [3, '', 'DAMAGED'],
    ...away(),
    [6, '--stream license-nobody', 'RUNNING'],
  ],
  rebuild: [
    [0, '--prune', 'RUNNING'],
    [2, '--rollback --prune', 'RUNNING'],
    [2, '--projection other', 'RUNNING'],
    ...away(),
  ],
  backup: [[2, '', 'RUNNING'], ...away('--to never-created')],
  restore: [[2, '--from never-created', 'NOWHERE']],
  copy: [[2, '', 'RUNNING'], [2, '--to kurrentdb://other', 'RUNNING'], ...away('--to esdb://127.0.0.1:1?tls=false')],
  'log rotate-key': ofLog(noLog),
  'log restart': ofLog(`${noLog} --reason RESTORED_BACKUP`),
  'parked list': [[0, '', 'RUNNING'], ...away()],
  'parked replay': [[1, '', 'RUNNING', parkedStream], [0, '', 'RUNNING'], ...away()],
  events: [
    [0, '--limit 1', 'RUNNING'],
    [2, '--from yesterday', 'RUNNING'],
    [2, '--stream other-1', 'RUNNING'],
    [4, '', 'SILENT'],
    [4, '', 'NOWHERE'],
    [6, '--type Nothing', 'RUNNING'],
  ],
  logs: [
    [0, '', 'LOCAL', oneLogLine],
    [2, '--since yesterday', 'LOCAL'],
    [5, '', 'RUNNING'],
    [6, '', 'NOWHERE'],
  ],
  'jobs list': [
    [0, '', 'RUNNING'],
    [4, '', 'SILENT'],
    [4, '', 'NOWHERE'],
    [6, '', 'DAMAGED'],
  ],
  'jobs pause': [
    [2, 'nothing', 'RUNNING'],
    [0, 'ledger-mail', 'RUNNING'],
    [4, 'ledger-mail', 'SILENT'],
    [6, 'ledger-mail', 'DAMAGED'],
  ],
  'jobs resume': [
    [2, 'nothing', 'RUNNING'],
    [0, 'ledger-mail', 'RUNNING'],
    [4, 'ledger-mail', 'SILENT'],
    [6, 'ledger-mail', 'DAMAGED'],
  ],
  'jobs run': [
    [0, 'expiry-sweep --wait', 'RUNNING'],
    [
      1,
      'expiry-sweep --wait',
      'RUNNING',
      sql('revoke usage on schema rm from ledger_worker', 'grant usage on schema rm to ledger_worker'),
    ],
    [2, 'nothing', 'RUNNING'],
    [4, 'expiry-sweep', 'SILENT'],
    [5, 'expiry-sweep', 'RUNNING', pausedQueue],
    [6, 'expiry-sweep', 'DAMAGED'],
  ],
  'keys list': [
    [0, '', 'RUNNING'],
    [1, '', 'RUNNING', aFileThatIsNoKey],
    [6, '', 'NOWHERE'],
  ],
  'keys rotate': [
    [0, '', 'RUNNING'],
    [5, '', 'RUNNING'],
    [6, '', 'NOWHERE'],
  ],
  'user reset-password': [
    [0, 'ann@vendor.example', 'RUNNING'],
    [1, 'nobody@vendor.example', 'RUNNING'],
    [4, 'ann@vendor.example', 'SILENT'],
    [6, 'ann@vendor.example', 'NOWHERE'],
  ],
  demo: [[3, '', 'LOCAL', brokenDemo], ...(isFull ? [[4, '', 'LOCAL', silentDemo] as const] : []), [5, '', 'RUNNING']],
  reset: [
    [0, '--yes', 'NOWHERE'],
    [5, '', 'LOCAL'],
    [5, '--yes', 'RUNNING'],
  ],
  'eventstore start': [[4, '', 'SILENT', ownPostgresAway]],
  'eventstore users add': ofUsers('reporting'),
  'eventstore users list': ofUsers(''),
  'eventstore users remove': ofUsers('reporting'),
  completion: [[0, 'bash', 'NOWHERE']],
  openapi: [[0, '', 'NOWHERE']],
  'client-types': [[0, '', 'NOWHERE']],
  'env-example': [[0, '', 'NOWHERE']],
};

/** What pages show of a command that succeeds. */
const shown: Readonly<Record<string, RegExp>> = {
  init: outputPattern(
    'docs/operations.md',
    "ledger init --organization 'Example Software' --email ann@vendor.example --generate-password",
  ),
  'secrets status': outputPattern('docs/operations.md', 'ledger secrets status'),
  'keys rotate': outputPattern('docs/guides/operator.md', 'ledger keys rotate'),
};

/** Returns the words of a line of arguments, as a shell does. */
const wordsOf = (args: string): readonly string[] =>
  [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word = '']) => quoted ?? word);

/** The exit codes that the section of a command promises. */
const promised = page
  .split(/^## /m)
  .slice(1)
  .flatMap((section) => {
    const command = /^ledger (.+)\n/.exec(section)?.[1];
    const named = /Exit codes?:([\s\S]*?)(?:\n\n|$)/.exec(section)?.[1] ?? '';
    const codes = [...named.matchAll(/(?<=^|[\s,])([0-6])(?=[\s,.]|$)/g)].map(([code]) => Number(code));
    return command === undefined ? [] : [...new Set([0, 2, ...codes])].sort().map((code) => `${command} ${code}`);
  });

test('The table has each exit code that docs/cli.md promises, and no other', () => {
  const tested = Object.entries(rows).flatMap(([command, ofCommand]) =>
    [2, ...ofCommand.map(([code]) => code)].map((code) => `${command} ${code}`),
  );
  for (const [file, text] of Object.values(elsewhere)) expect(readFileSync(file, 'utf8')).toContain(text);
  expect(promised.length).toBeGreaterThan(60);
  expect([...new Set([...tested, ...Object.keys(elsewhere)])].sort()).toEqual([...promised].sort());
});

test.each(Object.keys(rows))(
  'ledger %s ends with the promised exit codes',
  async (command) => {
    const unknown = await runCommand([...command.split(' '), '--unknown'], opened.environments.RUNNING);
    expect(unknown).toMatchObject({
      code: 2,
      output: expect.stringMatching(/unknown option '--unknown'[\s\S]*Usage: ledger /),
    });
    for (const [code, args, place, before] of rows[command] ?? []) {
      const end = await before?.();
      const ran = await runCommand([...command.split(' '), ...wordsOf(args)], opened.environments[place]);
      await end?.();
      expect({ args, place, ...ran }).toEqual({ args, place, code, output: expect.any(String) });
      if (code === 0 && shown[command] !== undefined) expect(ran.output).toMatch(shown[command]);
      if (place === 'NOWHERE' && code > 0 && code !== 2) expect(ran.output).toMatch(/Set |ledger start/);
      if (place === 'SILENT') expect(ran.output).toMatch(/(?:DATABASE|EVENTSTORE)_URL/);
    }
    expect(existsSync(opened.at('nowhere'))).toBe(false);
  },
  isFull ? 600_000 : 60_000,
);

test.each(['start', 'verify', 'keys list', 'reset'])(
  'ledger %s ends with 2 for a wrong configuration',
  async (command) => {
    const ran = await runCommand(command.split(' '), { ...opened.environments.NOWHERE, PORT: 'many' });
    expect(ran).toMatchObject({ code: 2, output: expect.stringContaining('PORT') });
  },
);

test('An error that has no code of its own ends a command with 1', () => {
  expect(exitCodeOf(new Error('A fault.'))).toBe(1);
  expect(exitCodeOf(new TypeError('A bug.'))).toBe(1);
});

test('With --json an error is one line of JSON on standard error', async () => {
  for (const args of ['events --from yesterday', 'jobs pause nothing']) {
    const { code, output } = await runCommand([...args.split(' '), '--json'], opened.environments.RUNNING);
    expect({ code, ...JSON.parse(output) }).toEqual({
      code: 2,
      error: { exitCode: 2, message: expect.stringContaining(args.split(' ').at(-1) ?? '') },
    });
  }
});
