import type { Command } from 'commander';

/** Adds the commands that print documents of this release. */
export const addDocumentCommands = (program: Command): void => {
  program
    .command('openapi')
    .description('print the OpenAPI document')
    .option('--write', 'write it to openapi.json instead', false)
    .action(async (options) => (await import('../openapi.ts')).openApiCommand(options));
  program
    .command('client-types')
    .description('print the types of the TypeScript client')
    .option('--write', 'write them to packages/client instead', false)
    .action(async (options) => (await import('../client-types.ts')).clientTypesCommand(options));
  program
    .command('env-example')
    .description('print .env.example from the configuration schema')
    .option('--write', 'write it to .env.example instead', false)
    .action(async (options) => (await import('../env-example.ts')).envExampleCommand(options));
};
