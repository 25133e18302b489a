import { type Command, InvalidArgumentError, Option } from 'commander';
import { allRoles, type Role } from '../server/roles.ts';

/** Adds the commands that start, create, examine and remove a ledger as a whole. */
export const addServerCommands = (program: Command): void => {
  program
    .command('start')
    .description('start the server; without DATABASE_URL and EVENTSTORE_URL also an embedded Postgres and event store')
    .addOption(
      new Option('--roles <roles>', 'the roles of this process').argParser(roles).default(allRoles, allRoles.join(',')),
    )
    .action(async (options) => (await import('../start.ts')).startCommand(options));
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
    .action(async (options) => (await import('../init/init-command.ts')).initCommand(options));
  program
    .command('status')
    .description('print what runs where, versions, lag, parked streams, the last verification and the last rebuild')
    .option('--json', 'print the facts as JSON', false)
    .action(async (options) => (await import('../status/status-command.ts')).statusCommand(options));
  program
    .command('doctor')
    .description('check versions, ports, disk, clocks, settings of the servers and secret files, and say what to do')
    .option('--json', 'print the checks as JSON', false)
    .action(async (options) => (await import('../doctor/doctor-command.ts')).doctorCommand(options));
  program
    .command('demo')
    .description('walk a new license through its whole life on the running server, or on a server that the demo starts')
    .option('--json', 'print each line as one line of JSON, and at the end what verify --json prints', false)
    .action(async (options) => (await import('../demo/demo-command.ts')).demoCommand(options));
  program
    .command('reset')
    .description('remove the embedded data directory with everything in it, after a confirmation')
    .option('--yes', 'remove it without a question, for scripts', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../reset.ts')).resetCommand(options));
};

const roles = (text: string): readonly Role[] =>
  text.split(',').map((name) => {
    const role = allRoles.find((known) => known === name.trim());
    if (!role) throw new InvalidArgumentError(`${name} is not a role. The roles are ${allRoles.join(', ')}.`);
    return role;
  });
