import { differenceMaxMs } from '../server/clock-check.ts';
import type { MigrationFacts } from '../status/status-facts.ts';
import { type Finding, note, ok, todo } from './finding.ts';

/** A replication slot that keeps the log of Postgres on its disk. */
export type SlotFacts = { readonly name: string; readonly isActive: boolean; readonly retainedBytes: number };

/** What Postgres says of itself. `settings`: by name, as `show` returns them. */
export type PostgresFacts = {
  readonly versionNumber: number;
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly slots: readonly SlotFacts[];
  /** Positive when the clock of this machine is ahead of that of Postgres. */
  readonly clockDifferenceMs: number;
  readonly mode: 'embedded' | 'servers';
  /** The most connections of the running processes, or of one process with all roles when none runs. */
  readonly connectionsMax: number;
  readonly migrations: MigrationFacts;
  /** A sentence for each fault. Null: not checked, because migrations are pending. */
  readonly rowSecurityFaults: readonly string[] | null;
};

/** Checks Postgres: version, durability, connections, retention, clock, migrations and row-level security. */
export const checkPostgres = (facts: PostgresFacts): readonly Finding[] => [
  facts.versionNumber >= 160_000
    ? ok('postgres', `Postgres ${facts.version}.`)
    : todo('postgres', `Postgres ${facts.version} is too old.`, 'Update it to 16 or newer.'),
  ...checkDurability(facts.settings),
  checkConnections(facts),
  ...checkRetention(facts),
  checkClock(facts.clockDifferenceMs),
  ...checkMigrations(facts.migrations),
  ...checkRowSecurity(facts.rowSecurityFaults),
];

const durable = ['synchronous_commit', 'fsync', 'full_page_writes'] as const;

const checkDurability = (settings: PostgresFacts['settings']): readonly Finding[] => {
  const off = durable.filter((name) => settings[name] === 'off');
  if (off.length === 0) return [ok('durability', `${durable.join(', ')} are on.`)];
  return off.map((name) =>
    todo('durability', `${name} is off: a crash can lose acknowledged changes.`, `Set ${name} = on.`),
  );
};

const checkConnections = ({ settings, connectionsMax }: PostgresFacts): Finding => {
  const allowed = Number(settings.max_connections) - Number(settings.superuser_reserved_connections ?? 0);
  const detail = `The processes open up to ${connectionsMax} connections, and Postgres allows ${allowed}.`;
  return connectionsMax <= allowed
    ? ok('max_connections', detail)
    : todo('max_connections', detail, 'Raise max_connections, or run fewer processes.');
};

const retainedBytesMax = 1024 * 1024 * 1024;

const checkRetention = ({ slots, settings, mode }: PostgresFacts): readonly Finding[] => {
  const stuck = slots.filter(({ isActive, retainedBytes }) => !isActive && retainedBytes > retainedBytesMax);
  return [
    ...stuck.map(({ name, retainedBytes }) =>
      todo(
        'wal retention',
        `The inactive replication slot ${name} keeps ${Math.floor(retainedBytes / 1024 / 1024)} MiB of log.`,
        'Start its consumer, or drop the slot.',
      ),
    ),
    ...(stuck.length === 0 ? [ok('wal retention', `${slots.length} replication slots, none keeps much log.`)] : []),
    ...(mode === 'servers' && settings.archive_mode === 'off'
      ? [note('wal retention', 'archive_mode is off.', 'Make sure that another backup exists.')]
      : []),
  ];
};

// From here on, a process refuses access tokens of a process whose clock is ahead.
const tokenDifferenceMs = 5_000;

const checkClock = (differenceMs: number): Finding => {
  const seconds = Math.round(Math.abs(differenceMs) / 1_000);
  const detail = `The clock of this machine is ${seconds} seconds ${differenceMs > 0 ? 'ahead of' : 'behind'} that of Postgres.`;
  if (Math.abs(differenceMs) <= tokenDifferenceMs) return ok('clock', detail);
  const effect = Math.abs(differenceMs) > differenceMaxMs ? 'Commands are refused.' : 'Access tokens can be refused.';
  return todo('clock', `${detail} ${effect}`, 'Synchronize both clocks (NTP).');
};

const checkMigrations = ({ applied, pending, unknown, edited }: MigrationFacts): readonly Finding[] => {
  const findings = [
    ...(unknown.length === 0
      ? []
      : [todo('migrations', `A newer release has applied db/${unknown[0]}.`, 'Update this program.')]),
    ...edited.map((file) => todo('migrations', `db/${file} was edited after it was applied.`, 'Restore the file.')),
    ...(pending.length === 0
      ? []
      : [
          todo(
            'migrations',
            `${pending.length} are pending: db/${pending[0]} and later.`,
            'Run ledger start of this release.',
          ),
        ]),
  ];
  return findings.length === 0 ? [ok('migrations', `${applied} are applied, none is pending.`)] : findings;
};

const checkRowSecurity = (faults: readonly string[] | null): readonly Finding[] => {
  if (faults === null)
    return [{ check: 'row security', state: 'unknown', detail: 'Not checked while migrations are pending.' }];
  if (faults.length === 0) return [ok('row security', 'No organization sees rows of another.')];
  return faults.map((fault) => todo('row security', fault, 'Undo this change.'));
};
