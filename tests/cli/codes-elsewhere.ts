import type { CommandPlace } from '../support/command-places.ts';

const ofLicense = '--licenses lic_01h455vb4pex5vsknk084sn02q';
const aPack = '--organization org_01h455vb4pex5vsknk084sn02q --from 2026-01-01T00:00:00Z --out nowhere.zip';

/** The codes of `ledger pack` with the arguments and the place that lead to them. */
export const packRows: readonly (readonly [code: number, args: string, place: CommandPlace])[] = [
  [2, `${aPack} ${ofLicense} --filter tier=PRO`, 'RUNNING'],
  [5, `${aPack} ${ofLicense}`, 'RUNNING'],
  [4, `${aPack} ${ofLicense}`, 'SILENT'],
  [6, `${aPack} ${ofLicense}`, 'NOWHERE'],
];

const usersTest = 'tests/cli/eventstore/users.test.ts';
const drillTest = 'tests/e2e/restore-drill.test.ts';
const backupTest = 'tests/cli/backup/backup.test.ts';
const moveTest = 'tests/e2e/move.test.ts';

/** The codes that need a process, or a minute, and the test that has them. */
export const codesElsewhere = (isFull: boolean): Readonly<Record<string, readonly [file: string, text: string]>> => ({
  'start 0': ['tests/e2e/signals.test.ts', 'SIGTERM to npm alone, as in a container'],
  'start 1': ['tests/e2e/product.test.ts', 'stops with a reason when its database dies'],
  'start 4': ['tests/cli/server/reach-servers.test.ts', 'A start gives up with exit code 4'],
  'eventstore start 0': ['tests/docs/separate-servers.test.ts', 'works from the first command to the last'],
  'eventstore start 5': ['tests/cli/eventstore/alone.test.ts', 'A second store on a database is refused'],
  'eventstore users add 0': [usersTest, 'A user gets a password once'],
  'eventstore users add 5': [usersTest, 'is refused with 5'],
  'eventstore users add 6': [usersTest, 'without its tables'],
  'eventstore users list 0': [usersTest, 'A user gets a password once'],
  'eventstore users list 6': [usersTest, 'without its tables'],
  'eventstore users remove 0': [usersTest, 'refused after it was removed'],
  'eventstore users remove 5': [usersTest, "removeUserCommand('ledger'"],
  'eventstore users remove 6': [usersTest, 'an unknown one with 6'],
  'log rotate-key 0': ['tests/cli/log-commands.test.ts', 'gives a log another key'],
  'log restart 0': ['tests/cli/log-commands.test.ts', 'begins a log again'],
  'pack 0': ['tests/cli/pack.test.ts', 'writes a pack that the verifier accepts'],
  'pack 1': ['tests/cli/pack.test.ts', 'Without a checkpoint'],
  'copy 0': [moveTest, 'const copied = await runCommand'],
  'copy 3': [moveTest, 'code: 3'],
  'copy 5': [moveTest, 'Processes of License Ledger run'],
  'parked replay 5': [moveTest, "runCommand(['parked', 'replay']"],
  'backup 0': [drillTest, 'The drill that an operator should do'],
  'backup 5': [backupTest, 'has only a copy of a log'],
  'restore 0': [drillTest, 'The drill that an operator should do'],
  'restore 3': [backupTest, 'its SHA-256 is another one'],
  'restore 4': [backupTest, 'DATABASE_URL: Postgres does not answer'],
  'restore 5': [backupTest, 'The database is not empty'],
  'demo 0': ['tests/cli/demo.test.ts', 'Two demos at once end well'],
  ...(isFull ? {} : { 'demo 4': ['tests/cli/exit-codes.test.ts', 'silentDemo'] as const }),
});
