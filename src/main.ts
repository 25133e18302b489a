import { Command, InvalidArgumentError, Option } from 'commander';
import { clientTypesCommand } from './cli/client-types.ts';
import { demoCommand } from './cli/demo/demo-command.ts';
import { envExampleCommand } from './cli/env-example.ts';
import { exitCodeOf, exitCodes } from './cli/exit-codes.ts';
import { keysListCommand, keysRotateCommand } from './cli/keys.ts';
import { openApiCommand } from './cli/openapi.ts';
import { parkedListCommand, parkedReplayCommand } from './cli/parked.ts';
import { rebuildCommand } from './cli/rebuild.ts';
import { repairChainCommand } from './cli/repair-chain.ts';
import { resetCommand } from './cli/reset.ts';
import { allRoles, type Role } from './cli/server/roles.ts';
import { startCommand } from './cli/start.ts';
import { resetPasswordCommand } from './cli/users.ts';
import { verifyCommand } from './cli/verify.ts';
import { readModelsName } from './projections/versions.ts';
import { version } from './version.ts';

const roles = (text: string): readonly Role[] =>
  text.split(',').map((name) => {
    const role = allRoles.find((known) => known === name.trim());
    if (!role) throw new InvalidArgumentError(`${name} is no role; the roles are ${allRoles.join(', ')}.`);
    return role;
  });

const program = new Command('ledger')
  .description('A license server whose system of record is an event log. Configuration: see .env.example.')
  .version(version)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.fine : exitCodes.usage))
  .showHelpAfterError();

program
  .command('start')
  .description('start the server; without DATABASE_URL and EVENTSTORE_URL also an embedded Postgres and event store')
  .addOption(
    new Option('--roles <roles>', 'what this process does').argParser(roles).default(allRoles, allRoles.join(',')),
  )
  .action(startCommand);
program
  .command('verify')
  .description(
    'check the hash chain of every stream and every read-model row against its fold; exit 3 when one is wrong',
  )
  .option('--json', 'print the result as JSON', false)
  .option('--all', 'print every finding, not only the first 100', false)
  .option('--read-models', 'leave the hash chains out, and print a digest per table and organization', false)
  .action(verifyCommand);
program
  .command('repair-chain')
  .description('show the wrong links of hash chains, and what a repair would append; change nothing without --apply')
  .option('--stream <name...>', 'look only at these streams, for example those that ledger verify names', [])
  .option('--apply', 'append the repairs', false)
  .option('--operator <id>', 'your id, which is stored with the repair; no name and no e-mail address')
  .option('--reason <code>', 'why, as a code in capitals, which is stored with the repair: TWO_WRITERS')
  .action(repairChainCommand);
program
  .command('rebuild')
  .description('make the read models anew from the log beside those that serve, prove them, and switch to them')
  .option('--projection <name>', 'what to rebuild', readModelsName)
  .option('--force', 'switch even where the serving read models have other numbers of rows', false)
  .option('--rollback', 'let the version before serve again, brought up to date, instead of rebuilding', false)
  .option('--prune', 'drop the version before, instead of rebuilding', false)
  .action(rebuildCommand);
const parked = program.command('parked').description('streams with an event that the read models could not take in');
parked
  .command('list')
  .description('list them, since when, and why')
  .option('--json', 'print the list as JSON', false)
  .action(parkedListCommand);
parked
  .command('replay')
  .argument('[stream]', 'the one to replay; all of them without it')
  .description('bring their events into the read models again; exit 1 when one still does not fit')
  .action(parkedReplayCommand);
const keys = program.command('keys').description('the keys that sign access tokens, in JWT_KEYS_DIR');
keys
  .command('rotate')
  .description(
    'make the next key, which signs from now on; the two newest stay, and running servers take it up at once',
  )
  .option('--force', 'rotate even where that ends tokens that are in use', false)
  .action(keysRotateCommand);
keys
  .command('list')
  .description('list them, the newest first, and what each is used for')
  .option('--json', 'print the list as JSON', false)
  .action(keysListCommand);
program
  .command('user')
  .description('the people who sign in')
  .command('reset-password')
  .argument('<email>', 'what the user signs in with')
  .option('--stdin', 'read the new password from standard input instead of making one', false)
  .description('set a new password, printed once, and end all sessions of the user')
  .action(resetPasswordCommand);
program
  .command('demo')
  .description('walk a fresh license through its whole life against the running server, or one started for it')
  .action(demoCommand);
program.command('reset').description('remove the embedded data directory with everything in it').action(resetCommand);
program
  .command('openapi')
  .description('print the OpenAPI document')
  .option('--write', 'write it to openapi.json instead', false)
  .action(openApiCommand);
program
  .command('client-types')
  .description('print the types of the TypeScript client')
  .option('--write', 'write them to src/client instead', false)
  .action(clientTypesCommand);
program
  .command('env-example')
  .description('print .env.example from the configuration schema')
  .option('--write', 'write it to .env.example instead', false)
  .action(envExampleCommand);

try {
  await program.parseAsync();
} catch (error) {
  // Errors that we throw are sentences for the person at the terminal; a bug shows where it is.
  const bug = [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
  console.error(error instanceof Error && !bug ? error.message : error);
  process.exit(exitCodeOf(error));
}
