import { type Command, Option } from 'commander';
import { readModelsName } from '../../projections/versions.ts';
import { positiveCount } from '../output/option-values.ts';

/** Adds the commands that check and repair the log and the read models. */
export const addDataCommands = (program: Command): void => {
  program
    .command('verify')
    .description(
      'check the hash chain of every stream, and every read-model row against its fold; exit with 3 when one is wrong',
    )
    .option('--json', 'print the result as JSON', false)
    .option('--all', 'print every finding, not only the first 100', false)
    .option('--read-models', 'skip the hash chains, and print a digest per table and organization', false)
    .action(async (options) => (await import('../verify.ts')).verifyCommand(options));
  program
    .command('pack')
    .description('write an evidence pack of licenses, which ledger-verify.mjs checks without the server')
    .option('--organization <id>', 'the organization that issued the licenses')
    .option('--licenses <id...>', 'the licenses')
    .option(
      '--filter <query>',
      'the filters of GET /v1/licenses in place of --licenses, such as status=ACTIVE&tier=PRO',
    )
    .option('--from <instant>', 'the first instant with a state of each license')
    .option('--to <instant>', 'the second one; without it now')
    .option('--proofs-only', 'a proof of each event in place of the leaves of the log', false)
    .option('--wait <seconds>', 'how long to wait for a checkpoint of the log', positiveCount, 60)
    .option('--out <file>', 'the zip to write')
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../pack.ts')).packCommand(options));
  program
    .command('repair-chain')
    .description('print the wrong links of hash chains, and what a repair would append; change nothing without --apply')
    .option('--stream <name...>', 'check only these streams, for example those that ledger verify names', [])
    .option('--json', 'print the result as JSON', false)
    .option('--apply', 'append the repairs', false)
    .option('--operator <id>', 'your id, which is stored with the repair; not a name or an e-mail address')
    .option('--reason <code>', 'the reason as a code in capitals, which is stored with the repair, such as TWO_WRITERS')
    .action(async (options) => (await import('../repair-chain.ts')).repairChainCommand(options));
  program
    .command('copy')
    .description('copy the log to another event store and compare both; with --switch the log moves there')
    .option('--from <url>', 'the event store to copy from; without it that of the configuration')
    .option('--to <url>', 'the event store to copy to; without it that of the configuration')
    .option('--switch', 'move the log: close it in the source, and open it in the target', false)
    .option('--abort', 'end a move that cannot be completed, and open the source again', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../copy/copy-command.ts')).copyCommand(options));
  addBackups(program);
  program
    .command('rebuild')
    .description('build new read models from the log, check them, and switch to them')
    .option('--projection <name>', 'the read models to rebuild', readModelsName)
    .option('--force', 'switch although the serving read models have different numbers of rows', false)
    .option('--rollback', 'bring the previous version up to date and let it serve again, instead of rebuilding', false)
    .option('--prune', 'drop the previous version, instead of rebuilding', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../rebuild.ts')).rebuildCommand(options));
  const parked = program
    .command('parked')
    .description('streams with an event that cannot be projected into the read models');
  parked
    .command('list')
    .description('list the parked streams, with time and reason')
    .option('--json', 'print the list as JSON', false)
    .action(async (options) => (await import('../parked.ts')).parkedListCommand(options));
  parked
    .command('replay')
    .argument('[stream]', 'the stream to replay; without it all parked streams')
    .description('project the parked events again; exit with 1 when one still fails')
    .option('--json', 'print the result as JSON', false)
    .action(async (stream, options) => (await import('../parked.ts')).parkedReplayCommand(stream, options));
};

const addBackups = (program: Command): void => {
  program
    .command('backup')
    .description('copy the log, the logins, the personal values and the bookkeeping, while everything runs')
    .option('--to <directory>', 'the directory that gets a new directory with the backup')
    .option('--secrets-to <file>', 'also write LEDGER_SECRET to this new file, in another place than the backup')
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../backup/backup-command.ts')).backupCommand(options));
  program
    .command('restore')
    .description('restore a backup into empty databases, build the read models, and verify')
    .option('--from <directory>', 'the directory of one backup')
    .option('--secrets-from <file>', 'embedded mode: the file of ledger backup --secrets-to, or the old secrets.json')
    .addOption(
      new Option('--only <part>', 'restore only the log, or only Postgres next to a log').choices(['log', 'postgres']),
    )
    .option('--source-is-lost', 'with --only postgres: open a log that ledger copy copied', false)
    .option('--force', 'accept a log that is older than the backup, or a result that is not intact', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../backup/restore-command.ts')).restoreCommand(options));
};
