import type { Command } from 'commander';

/** Adds the commands that run the event store without the product, and manage its users. */
export const addEventStoreCommands = (program: Command): void => {
  const eventStore = program.command('eventstore').description('the event store without the product, and its users');
  eventStore
    .command('start', { isDefault: true })
    .description('run the event store without the product, for a product on servers of your own')
    .option('--wait', 'wait while another one runs on the same database, and take over when it ends', false)
    .option('--json', 'print one line of JSON when it is ready', false)
    .action(async (options) => (await import('../eventstore/eventstore-command.ts')).eventStoreCommand(options));
  const users = eventStore.command('users').description('who besides the product may use the event store');
  users
    .command('add')
    .argument('<name>', 'the name of the user: a program, not a person')
    .description('create a user who may read and subscribe, and print the password once')
    .option('--append', 'the user may append, too', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (name, options) => (await import('../eventstore/users-commands.ts')).addUserCommand(name, options));
  users
    .command('list')
    .description('list the users and what they may do')
    .option('--json', 'print the list as JSON', false)
    .action(async (options) => (await import('../eventstore/users-commands.ts')).listUsersCommand(options));
  users
    .command('remove')
    .argument('<name>', 'the name of the user')
    .description('remove a user; its open calls end within a second')
    .option('--json', 'print the result as JSON', false)
    .action(async (name, options) =>
      (await import('../eventstore/users-commands.ts')).removeUserCommand(name, options),
    );
};
