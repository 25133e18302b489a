import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodeOf, exitCodes } from './cli/exit-codes.ts';
import { allRoles, type Role } from './cli/server/roles.ts';
import { readModelsName } from './projections/versions.ts';
import { version } from './version.ts';

const roles = (text: string): readonly Role[] =>
  text.split(',').map((name) => {
    const role = allRoles.find((known) => known === name.trim());
    if (!role) throw new InvalidArgumentError(`${name} is not a role. The roles are ${allRoles.join(', ')}.`);
    return role;
  });

const program = new Command('ledger')
  .description('A license server with an event log as its system of record. Configuration: see .env.example.')
  .version(version)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.fine : exitCodes.usage))
  .showHelpAfterError();

program
  .command('start')
  .description('start the server; without DATABASE_URL and EVENTSTORE_URL also an embedded Postgres and event store')
  .addOption(
    new Option('--roles <roles>', 'the roles of this process').argParser(roles).default(allRoles, allRoles.join(',')),
  )
  .action(async (options) => (await import('./cli/start.ts')).startCommand(options));
program
  .command('verify')
  .description(
    'check the hash chain of every stream, and every read-model row against its fold; exit with 3 when one is wrong',
  )
  .option('--json', 'print the result as JSON', false)
  .option('--all', 'print every finding, not only the first 100', false)
  .option('--read-models', 'skip the hash chains, and print a digest per table and organization', false)
  .action(async (options) => (await import('./cli/verify.ts')).verifyCommand(options));
program
  .command('repair-chain')
  .description('print the wrong links of hash chains, and what a repair would append; change nothing without --apply')
  .option('--stream <name...>', 'check only these streams, for example those that ledger verify names', [])
  .option('--apply', 'append the repairs', false)
  .option('--operator <id>', 'your id, which is stored with the repair; not a name or an e-mail address')
  .option('--reason <code>', 'the reason as a code in capitals, which is stored with the repair, such as TWO_WRITERS')
  .action(async (options) => (await import('./cli/repair-chain.ts')).repairChainCommand(options));
program
  .command('rebuild')
  .description('build new read models from the log, check them, and switch to them')
  .option('--projection <name>', 'the read models to rebuild', readModelsName)
  .option('--force', 'switch although the serving read models have different numbers of rows', false)
  .option('--rollback', 'bring the previous version up to date and let it serve again, instead of rebuilding', false)
  .option('--prune', 'drop the previous version, instead of rebuilding', false)
  .action(async (options) => (await import('./cli/rebuild.ts')).rebuildCommand(options));
const parked = program
  .command('parked')
  .description('streams with an event that cannot be projected into the read models');
parked
  .command('list')
  .description('list the parked streams, with time and reason')
  .option('--json', 'print the list as JSON', false)
  .action(async (options) => (await import('./cli/parked.ts')).parkedListCommand(options));
parked
  .command('replay')
  .argument('[stream]', 'the stream to replay; without it all parked streams')
  .description('project the parked events again; exit with 1 when one still fails')
  .action(async (stream) => (await import('./cli/parked.ts')).parkedReplayCommand(stream));
const keys = program.command('keys').description('the keys that sign access tokens, in JWT_KEYS_DIR');
keys
  .command('rotate')
  .description('create the next key, which signs from now on; keep the two newest keys; running servers use it at once')
  .option('--force', 'rotate although tokens in use end', false)
  .action(async (options) => (await import('./cli/keys.ts')).keysRotateCommand(options));
keys
  .command('list')
  .description('list the keys with their use, the newest first')
  .option('--json', 'print the list as JSON', false)
  .action(async (options) => (await import('./cli/keys.ts')).keysListCommand(options));
const secrets = program.command('secrets').description('the secrets that license keys and API keys are checked with');
secrets
  .command('status')
  .description(
    'list the secrets, what needs them, and the processes that run with them; exit with 2 when one is missing',
  )
  .option('--json', 'print the facts as JSON', false)
  .action(async (options) => (await import('./cli/secrets/secrets-status.ts')).secretsStatusCommand(options));
secrets
  .command('rotate')
  .description('take one step of a rotation; exit with 5 and change nothing when it is not safe yet')
  .option('--prepare', '1: add a new secret that every process accepts and none signs with', false)
  .option('--switch', '2: let the new secret sign; the previous one still verifies', false)
  .option('--retire', '3: remove the previous secret, when nothing needs it', false)
  .option('--id <secret>', 'the secret to retire; without it the oldest one that does not sign')
  .option('--force', 'retire although something needs the secret: that stops working', false)
  .option('--json', 'print the result as JSON', false)
  .action(async (options) => (await import('./cli/secrets/rotate-secrets.ts')).rotateSecretsCommand(options));
program
  .command('user')
  .description('the users who sign in')
  .command('reset-password')
  .argument('<email>', 'the e-mail address of the user')
  .option('--stdin', 'read the new password from standard input instead of generating one', false)
  .description('set a new password, print it once, and end all sessions of the user')
  .action(async (email, options) => (await import('./cli/reset-password.ts')).resetPasswordCommand(email, options));
program
  .command('demo')
  .description('walk a new license through its whole life on the running server, or on a server that the demo starts')
  .action(async () => (await import('./cli/demo/demo-command.ts')).demoCommand());
program
  .command('reset')
  .description('remove the embedded data directory with everything in it')
  .action(async () => (await import('./cli/reset.ts')).resetCommand());
program
  .command('openapi')
  .description('print the OpenAPI document')
  .option('--write', 'write it to openapi.json instead', false)
  .action(async (options) => (await import('./cli/openapi.ts')).openApiCommand(options));
program
  .command('client-types')
  .description('print the types of the TypeScript client')
  .option('--write', 'write them to src/client instead', false)
  .action(async (options) => (await import('./cli/client-types.ts')).clientTypesCommand(options));
program
  .command('env-example')
  .description('print .env.example from the configuration schema')
  .option('--write', 'write it to .env.example instead', false)
  .action(async (options) => (await import('./cli/env-example.ts')).envExampleCommand(options));

try {
  await program.parseAsync();
} catch (error) {
  // Our own errors are sentences for the person at the terminal. A bug prints its stack.
  const bug = [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
  console.error(error instanceof Error && !bug ? error.message : error);
  process.exit(exitCodeOf(error));
}
