import { Command, InvalidArgumentError, Option } from 'commander';
import { endWhenOutputCloses } from './cli/closed-output.ts';
import { exitCodes } from './cli/exit-codes.ts';
import { logLevels } from './cli/logs/log-text.ts';
import { instantOrAge, positiveCount, queueArgument } from './cli/output/option-values.ts';
import { addCompletion } from './cli/program/add-completion.ts';
import { addExamples } from './cli/program/add-examples.ts';
import { asksForJson, reportError, reportUsage } from './cli/program/report-error.ts';
import { allRoles, type Role } from './cli/server/roles.ts';
import { isEndedBySignal } from './cli/server/stop-before-exit.ts';
import { readModelsName } from './projections/versions.ts';
import { version } from './version.ts';

const roles = (text: string): readonly Role[] =>
  text.split(',').map((name) => {
    const role = allRoles.find((known) => known === name.trim());
    if (!role) throw new InvalidArgumentError(`${name} is not a role. The roles are ${allRoles.join(', ')}.`);
    return role;
  });

endWhenOutputCloses();

const program = new Command('ledger')
  .description('A license server with an event log as its system of record. Configuration: see .env.example.')
  .version(version)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.fine : exitCodes.usage));
const json = asksForJson(process.argv);
reportUsage(program, json);

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
  .option('--json', 'print the result as JSON', false)
  .option('--apply', 'append the repairs', false)
  .option('--operator <id>', 'your id, which is stored with the repair; not a name or an e-mail address')
  .option('--reason <code>', 'the reason as a code in capitals, which is stored with the repair, such as TWO_WRITERS')
  .action(async (options) => (await import('./cli/repair-chain.ts')).repairChainCommand(options));
program
  .command('copy')
  .description('copy the log to another event store and compare both; with --switch the log moves there')
  .option('--from <url>', 'the event store to copy from; without it that of the configuration')
  .option('--to <url>', 'the event store to copy to; without it that of the configuration')
  .option('--switch', 'move the log: close it in the source, and open it in the target', false)
  .option('--json', 'print the result as JSON', false)
  .action(async (options) => (await import('./cli/copy/copy-command.ts')).copyCommand(options));
program
  .command('rebuild')
  .description('build new read models from the log, check them, and switch to them')
  .option('--projection <name>', 'the read models to rebuild', readModelsName)
  .option('--force', 'switch although the serving read models have different numbers of rows', false)
  .option('--rollback', 'bring the previous version up to date and let it serve again, instead of rebuilding', false)
  .option('--prune', 'drop the previous version, instead of rebuilding', false)
  .option('--json', 'print the result as JSON', false)
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
  .option('--json', 'print the result as JSON', false)
  .action(async (stream, options) => (await import('./cli/parked.ts')).parkedReplayCommand(stream, options));
program
  .command('status')
  .description('print what runs where, versions, lag, parked streams, the last verification and the last rebuild')
  .option('--json', 'print the facts as JSON', false)
  .action(async (options) => (await import('./cli/status/status-command.ts')).statusCommand(options));
program
  .command('doctor')
  .description('check versions, ports, disk, clocks, settings of the servers and secret files, and say what to do')
  .option('--json', 'print the checks as JSON', false)
  .action(async (options) => (await import('./cli/doctor/doctor-command.ts')).doctorCommand(options));
const keys = program.command('keys').description('the keys that sign access tokens, in JWT_KEYS_DIR');
keys
  .command('rotate')
  .description('create the next key, which signs from now on; keep the two newest keys; running servers use it at once')
  .option('--force', 'rotate although tokens in use end', false)
  .option('--json', 'print the result as JSON', false)
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
  .option('--json', 'print the result as JSON', false)
  .description('set a new password, print it once, and end all sessions of the user')
  .action(async (email, options) => (await import('./cli/reset-password.ts')).resetPasswordCommand(email, options));
program
  .command('init')
  .description(
    'create the first organization, its OWNER and an API key, once; print the secrets once, and what to do next',
  )
  .option('--organization <name>', 'the name of the organization (LEDGER_INIT_ORGANIZATION)')
  .option('--email <address>', 'the e-mail address of its OWNER (LEDGER_INIT_EMAIL)')
  .option('--password-stdin', 'read the password of the OWNER from standard input', false)
  .option('--generate-password', 'generate the password and print it', false)
  .option('--api-key-name <name>', 'the name of the API key (LEDGER_INIT_API_KEY_NAME)')
  .option('--json', 'print the result as JSON', false)
  .action(async (options) => (await import('./cli/init/init-command.ts')).initCommand(options));
program
  .command('demo')
  .description('walk a new license through its whole life on the running server, or on a server that the demo starts')
  .option('--json', 'print each line as one line of JSON, and at the end what verify --json prints', false)
  .action(async (options) => (await import('./cli/demo/demo-command.ts')).demoCommand(options));
program
  .command('reset')
  .description('remove the embedded data directory with everything in it, after a confirmation')
  .option('--yes', 'remove it without a question, for scripts', false)
  .option('--json', 'print the result as JSON', false)
  .action(async (options) => (await import('./cli/reset.ts')).resetCommand(options));
program
  .command('events')
  .description('print the events of all organizations from the log, in its order; personal values are not in events')
  .option('--follow', 'print new events, too, until Ctrl-C; reconnect when the event store is away', false)
  .option('--from <position>', 'begin after this position, at start, or now (default: now with --follow, else start)')
  .option('--stream <name>', 'only the events of this stream')
  .option('--type <type...>', 'only events of these types, such as LicenseIssued')
  .option('--organization <id>', 'only events with this organization as issuer or holder')
  .option('--limit <count>', 'end after this number of events', positiveCount)
  .option('--json', 'print each event as one line of JSON', false)
  .action(async (options) => (await import('./cli/events/events-command.ts')).eventsCommand(options));
program
  .command('logs')
  .description('print the log of the embedded mode; needs no running server')
  .option('--follow', 'print new lines, too, until Ctrl-C', false)
  .addOption(
    new Option('--level <level>', 'only lines of this level or a higher one')
      .choices(Object.keys(logLevels))
      .default('trace'),
  )
  .option('--since <when>', 'only lines since then: an age such as 10m, or an instant', instantOrAge(Date.now))
  .option('--limit <count>', 'only this number of the newest lines', positiveCount)
  .option('--json', 'print the lines as they are stored, as JSON', false)
  .action(async (options) => (await import('./cli/logs/logs-command.ts')).logsCommand(options));
const jobs = program.command('jobs').description('the scheduled jobs of the workers, and their queues');
jobs
  .command('list')
  .description('list the queues, and each job with its next run, its last run and the result')
  .option('--json', 'print the list as JSON', false)
  .action(async (options) => (await import('./cli/jobs/jobs-command.ts')).jobsListCommand(options));
jobs
  .command('pause')
  .addArgument(queueArgument())
  .description('let workers take no further job of a queue, also after a restart')
  .option('--json', 'print the result as JSON', false)
  .action(async (queue, options) => (await import('./cli/jobs/jobs-command.ts')).jobsPauseCommand(queue, options));
jobs
  .command('resume')
  .addArgument(queueArgument())
  .description('let workers take the jobs of a queue again')
  .option('--json', 'print the result as JSON', false)
  .action(async (queue, options) => (await import('./cli/jobs/jobs-command.ts')).jobsResumeCommand(queue, options));
jobs
  .command('run')
  .argument('<job>', 'the job, as ledger jobs list names it')
  .description('let a worker run a job now')
  .option('--wait', 'wait until the run has ended; exit with 1 when it fails', false)
  .option('--json', 'print the result as JSON', false)
  .action(async (job, options) => (await import('./cli/jobs/jobs-command.ts')).jobsRunCommand(job, options));
const eventStore = program.command('eventstore').description('the event store without the product, and its users');
eventStore
  .command('start', { isDefault: true })
  .description('run the event store without the product, for a product on servers of your own')
  .option('--wait', 'wait while another one runs on the same database, and take over when it ends', false)
  .option('--json', 'print one line of JSON when it is ready', false)
  .action(async (options) => (await import('./cli/eventstore/eventstore-command.ts')).eventStoreCommand(options));
const storeUsers = eventStore.command('users').description('who besides the product may use the event store');
storeUsers
  .command('add')
  .argument('<name>', 'the name of the user: a program, not a person')
  .description('create a user who may read and subscribe, and print the password once')
  .option('--append', 'the user may append, too', false)
  .option('--json', 'print the result as JSON', false)
  .action(async (name, options) => (await import('./cli/eventstore/users-commands.ts')).addUserCommand(name, options));
storeUsers
  .command('list')
  .description('list the users and what they may do')
  .option('--json', 'print the list as JSON', false)
  .action(async (options) => (await import('./cli/eventstore/users-commands.ts')).listUsersCommand(options));
storeUsers
  .command('remove')
  .argument('<name>', 'the name of the user')
  .description('remove a user; its open calls end within a second')
  .option('--json', 'print the result as JSON', false)
  .action(async (name, options) =>
    (await import('./cli/eventstore/users-commands.ts')).removeUserCommand(name, options),
  );
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

addCompletion(program);
addExamples(program);

try {
  await program.parseAsync();
} catch (error) {
  if (isEndedBySignal()) await new Promise(() => {});
  process.exit(reportError(error, json));
}
