import { expect, test } from 'vitest';
import { checkLastBackup } from '../../../src/cli/doctor/check-backup.ts';
import { checkLog, type LogFacts } from '../../../src/cli/doctor/check-log.ts';
import { checkMachine, type MachineFacts } from '../../../src/cli/doctor/check-machine.ts';
import { checkPostgres, type PostgresFacts } from '../../../src/cli/doctor/check-postgres.ts';
import { checkRedis, checkSettings, type SettingsFacts } from '../../../src/cli/doctor/check-settings.ts';
import { type AccessFacts, checkStoreAccess } from '../../../src/cli/doctor/check-store-access.ts';
import { connectionsOf } from '../../../src/cli/doctor/connections-of.ts';
import { type Finding, lineOf } from '../../../src/cli/doctor/finding.ts';
import { loadConfig } from '../../../src/config.ts';

/** The checks that are not ok, with their state. */
const bad = (findings: readonly Finding[]) =>
  findings.filter(({ state }) => state !== 'ok').map(({ check, state }) => `${check}: ${state}`);

const port = { variable: 'PORT', host: '127.0.0.1', port: 8080, state: 'free' } as const;
const machine: MachineFacts = {
  node: '22.12.0',
  requiredNode: '^20.19 || ^22.12 || >=24',
  npm: '11.0.0',
  ports: [port, { ...port, variable: 'MANAGEMENT_PORT', state: 'ours' }],
  dataDir: '.ledger',
  freeBytes: 10 ** 10,
  files: [
    { path: 'secrets.json', mode: 0o600, isOurs: true },
    { path: 'secret', mode: 0o440, isOurs: false },
  ],
  keyFaults: [],
  logDirectories: [{ variable: 'LEDGER_LOG_KEYS_DIR', directory: 'log-keys', isDefault: true, fault: null }],
};
const notWritable = { variable: 'LEDGER_CHECKPOINT_DIR', directory: '/proc/x', fault: 'it is in the file system proc' };

test.each<[string, Partial<MachineFacts>, string]>([
  ['an old Node', { node: '20.10.0' }, 'node: todo'],
  ['no npm', { npm: null }, 'npm: note'],
  ['a port of another program', { ports: [{ ...port, state: 'taken' }] }, 'port: todo'],
  ['a port for root only', { ports: [{ ...port, state: 'forbidden' }] }, 'port: todo'],
  ['an address of another machine', { ports: [{ ...port, state: 'not_here' }] }, 'port: todo'],
  ['a full disk', { freeBytes: 1_000 }, 'disk: todo'],
  ['an unknown disk', { freeBytes: null }, 'disk: unknown'],
  ['a readable secret', { files: [{ path: 'secrets.json', mode: 0o640, isOurs: true }] }, 'secret files: todo'],
  ['a secret of the operator for all', { files: [{ path: 's', mode: 0o444, isOurs: false }] }, 'secret files: note'],
  ['a secret that others write', { files: [{ path: 's', mode: 0o666, isOurs: false }] }, 'secret files: todo'],
  [
    'a directory of checkpoints that cannot be used',
    { logDirectories: [{ ...notWritable, isDefault: false }] },
    'log directories: todo',
  ],
  ['one that nobody set', { logDirectories: [{ ...notWritable, isDefault: true }] }, 'log directories: note'],
  ['a damaged key', { keyFaults: ['k.pem is damaged.'] }, 'keys: todo'],
])('A machine with %s is reported', (_, facts, finding) => {
  expect(bad(checkMachine(machine))).toEqual([]);
  expect(bad(checkMachine({ ...machine, ...facts }))).toEqual([finding]);
});

const postgres: PostgresFacts = {
  versionNumber: 180_000,
  version: '18.0',
  settings: {
    ...{ synchronous_commit: 'on', fsync: 'on', full_page_writes: 'on', archive_mode: 'on' },
    ...{ max_connections: '100', superuser_reserved_connections: '3' },
  },
  slots: [{ name: 'replica', isActive: true, retainedBytes: 10 ** 12 }],
  clockDifferenceMs: 100,
  mode: 'servers',
  connectionsMax: 97,
  migrations: { applied: 60, pending: [], unknown: [], edited: [] },
  rowSecurityFaults: [],
};
const withSetting = (settings: Readonly<Record<string, string>>) => ({
  settings: { ...postgres.settings, ...settings },
});

test.each<[string, Partial<PostgresFacts>, string]>([
  ['an old version', { versionNumber: 150_000 }, 'postgres: todo'],
  ['synchronous_commit off', withSetting({ synchronous_commit: 'off' }), 'durability: todo'],
  ['fsync off', withSetting({ fsync: 'off' }), 'durability: todo'],
  ['full_page_writes off', withSetting({ full_page_writes: 'off' }), 'durability: todo'],
  ['too few connections', { connectionsMax: 98 }, 'max_connections: todo'],
  ['a forgotten slot', { slots: [{ name: 's', isActive: false, retainedBytes: 10 ** 12 }] }, 'wal retention: todo'],
  ['no archive', withSetting({ archive_mode: 'off' }), 'wal retention: note'],
  ['a clock that is behind', { clockDifferenceMs: 6_000 }, 'clock: todo'],
  ['a clock that is ahead', { clockDifferenceMs: -70_000 }, 'clock: todo'],
  ['pending migrations', { migrations: { ...postgres.migrations, pending: ['ops/9.sql'] } }, 'migrations: todo'],
  ['migrations of a newer release', { migrations: { ...postgres.migrations, unknown: ['x'] } }, 'migrations: todo'],
  ['an edited migration', { migrations: { ...postgres.migrations, edited: ['x'] } }, 'migrations: todo'],
  ['an open table', { rowSecurityFaults: ['PUBLIC has SELECT.'] }, 'row security: todo'],
  ['an unchecked catalog', { rowSecurityFaults: null }, 'row security: unknown'],
])('A Postgres with %s is reported', (_, facts, finding) => {
  expect(bad(checkPostgres(postgres))).toEqual([]);
  expect(bad(checkPostgres({ ...postgres, ...facts }))).toEqual([finding]);
});

test('Each role adds its connections, and a ledger that does not run counts as one process with all roles', () => {
  const all = ['api', 'projector', 'worker', 'notary'];
  expect(connectionsOf([], 'servers')).toBe(connectionsOf([all], 'servers'));
  expect(connectionsOf([all, all], 'servers')).toBe(2 * connectionsOf([all], 'servers'));
  expect(connectionsOf([['api']], 'servers')).toBeLessThan(connectionsOf([['api', 'worker']], 'servers'));
  expect(connectionsOf([], 'embedded')).toBeGreaterThan(connectionsOf([], 'servers'));
  // Four of the projector, and eight while it builds read models; see rebuild/rebuild-alone.ts.
  expect(connectionsOf([['projector']], 'servers') - connectionsOf([[]], 'servers')).toBe(12);
});

const none = { limited: [], closed: [], tombstoned: [], isComplete: true };
const log: LogFacts = {
  version: '24.10',
  mode: 'servers',
  retention: none,
  otherPast: null,
  newestAheadMs: -5_000,
  unreadableBounds: [],
};

test.each<[string, Partial<LogFacts>, string]>([
  ['a stream that is cut', { retention: { ...none, limited: ['license-1'] } }, 'retention: todo'],
  ['a stream that is closed', { retention: { ...none, closed: ['license-1'] } }, 'retention: todo'],
  ['other rules for every stream', { retention: { ...none, closed: ['$settings'] } }, 'retention: todo'],
  ['a stream that is deleted', { retention: { ...none, tombstoned: ['license-1'] } }, 'retention: todo'],
  ['metadata that take too long', { retention: { ...none, isComplete: false } }, 'retention: note'],
  ['metadata that it does not show', { retention: null }, 'retention: unknown'],
  ['another past', { otherPast: 'ahead of the event store' }, 'checkpoint: todo'],
  ['an event in the future', { newestAheadMs: 6_000 }, 'event times: todo'],
  ['a bound that is no version', { unreadableBounds: [{ bound: '2.x', licenses: 3 }] }, 'version bounds: todo'],
  ['unchecked bounds', { unreadableBounds: null }, 'version bounds: unknown'],
])('A log with %s is reported', (_, facts, finding) => {
  expect(bad(checkLog(log))).toEqual([]);
  expect(bad(checkLog({ ...log, mode: 'embedded', retention: null }))).toEqual([]);
  expect(bad(checkLog({ ...log, ...facts }))).toEqual([finding]);
});

const access: AccessFacts = {
  ...{
    tls: true,
    login: 'ledger',
    users: [{ name: 'reporting', mayAppend: false }],
    certificateEndsAt: '2036-11-27T00:00:00Z',
  },
  ...{ withoutLogin: 'REFUSED', isProduction: true },
};

test.each<[string, Partial<AccessFacts>, string]>([
  ['no TLS in production', { tls: false, withoutLogin: null }, 'store access: todo'],
  ['no TLS elsewhere', { tls: false, withoutLogin: null, isProduction: false }, 'store access: note'],
  ['an answer without a login', { withoutLogin: 'LET_IN' }, 'store access: todo'],
  ['no answer at all', { withoutLogin: null }, 'store access: unknown'],
  ['a certificate that ends soon', { certificateEndsAt: '2027-06-01T00:00:00Z' }, 'certificate: todo'],
])('An event store with %s is reported', (_, facts, finding) => {
  const now = new Date('2026-12-01');
  expect(bad(checkStoreAccess(access, now))).toEqual([]);
  expect(checkStoreAccess(access, now)[0]?.detail).toBe(
    'TLS, let in: ledger (appends), reporting (reads). Without a login nobody is.',
  );
  expect(bad(checkStoreAccess({ ...access, ...facts }, now))).toEqual([finding]);
});

const mailing = { MAIL_URL: 'smtp://mail.example', MAIL_FROM: 'a@b.example' };
const settings = (
  variables: Readonly<Record<string, string>> = {},
  facts: Partial<SettingsFacts> = {},
): SettingsFacts => ({
  config: loadConfig({
    LEDGER_SECRET: Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64'),
    ...variables,
  }),
  hasDemo: true,
  mailFault: null,
  ...facts,
});
const servers = { DATABASE_URL: 'postgres://db/x', EVENTSTORE_URL: 'esdb://e:2113?tls=false' };
const production = { ...servers, ...mailing, PUBLIC_URL: 'https://ledger.example', NODE_ENV: 'production' };

test.each<[string, SettingsFacts, readonly string[]]>([
  ['the embedded demo', settings(), []],
  ['a production server', settings(production, { hasDemo: false }), []],
  ['a demo that everybody reaches', settings({ HOST: '0.0.0.0' }), ['demo: todo', 'sign-up: note']],
  ['a demo behind a proxy', settings({ TRUST_PROXY: '1' }), ['demo: todo', 'sign-up: note']],
  ['a moved clock', settings({ LEDGER_CLOCK_OFFSET_SECONDS: '5' }), ['test settings: todo']],
  ['an unchecked clock', settings({ LEDGER_CLOCK_CHECK: 'off' }), ['test settings: todo']],
  ['no rate limits', settings({ RATE_LIMITS: 'off' }), ['test settings: todo']],
  ['servers without NODE_ENV and mail', settings(servers), ['test settings: note', 'mail: note']],
  ['a dead mail server', settings(production, { mailFault: 'no answer' }), ['mail: todo']],
  ['mails with a local link', settings({ ...production, PUBLIC_URL: 'http://localhost:8080' }), ['mail: todo']],
])('The settings of %s are judged', (_, facts, findings) => {
  expect(bad(checkSettings(facts))).toEqual(findings);
});

test('Redis must answer and must not evict jobs', () => {
  const redis = { error: null, policy: 'noeviction', isPersistent: true };
  expect([bad(checkRedis(null)), bad(checkRedis(redis))]).toEqual([[], []]);
  expect(bad(checkRedis({ ...redis, policy: null, isPersistent: null }))).toEqual([]);
  expect(bad(checkRedis({ ...redis, policy: 'allkeys-lru' }))).toEqual(['redis: todo']);
  expect(bad(checkRedis({ ...redis, isPersistent: false }))).toEqual(['redis: note']);
  expect(bad(checkRedis({ ...redis, error: 'refused' }))).toEqual(['redis: todo']);
});

test('A finding is one line that says what to do', () => {
  const line = lineOf({ check: 'disk', state: 'todo', detail: 'It is\nfull.', action: 'Free space.' });
  expect(line).toMatch(/^todo +disk +It is full\. Free space\.$/);
});

test('A backup that is old or lacks the log is no good one', () => {
  const now = new Date('2026-11-30T02:00:00Z');
  const last = { finishedAt: now, hasLog: true };
  const old = { ...last, finishedAt: new Date('2026-11-20T02:00:00Z') };
  const findings = [null, last, { ...last, hasLog: false }, old].map((each) => checkLastBackup(each, now));
  expect(findings.map(({ state }) => state)).toEqual(['note', 'ok', 'note', 'todo']);
  expect(findings[2]?.detail).toContain('The log is not in it');
});
