import type { Command } from 'commander';

/** Adds the commands about the logs that the notary signs. */
export const addLogCommands = (program: Command): void => {
  const log = program.command('log').description('the signed logs of issuers, which the notary writes');
  log
    .command('rotate-key')
    .description('give the log of an issuer another key, which the old key signs; notaries use it at once')
    .option('--organization <id>', 'the issuer, org_…')
    .option('--operator <id>', 'your id, which is stored with the event; not a name or an e-mail address', 'operator')
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../notary/log-commands.ts')).rotateKeyCommand(options));
  log
    .command('restart')
    .description('begin the log of an issuer again under its next name, after a lawful restore of an older backup')
    .option('--organization <id>', 'the issuer, org_…')
    .option('--reason <code>', 'the reason as a code in capitals, which is stored, such as RESTORED_BACKUP')
    .option('--operator <id>', 'your id, which is stored with the event; not a name or an e-mail address', 'operator')
    .option('--force', 'begin again although nothing keeps the notary from signing the log', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../notary/log-commands.ts')).restartLogCommand(options));
};
