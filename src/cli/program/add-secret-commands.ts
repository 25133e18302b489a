import type { Command } from 'commander';

/** Adds the commands about secrets, signing keys and passwords. */
export const addSecretCommands = (program: Command): void => {
  addKeys(program.command('keys').description('the keys that sign access tokens, in JWT_KEYS_DIR'));
  addSecrets(program.command('secrets').description('the secrets that license keys and API keys are checked with'));
  program
    .command('user')
    .description('the users who sign in')
    .command('reset-password')
    .argument('<email>', 'the e-mail address of the user')
    .option('--stdin', 'read the new password from standard input instead of generating one', false)
    .option('--json', 'print the result as JSON', false)
    .description('set a new password, print it once, and end all sessions of the user')
    .action(async (email, options) => (await import('../reset-password.ts')).resetPasswordCommand(email, options));
};

const addKeys = (keys: Command): void => {
  keys
    .command('rotate')
    .description(
      'create the next key, which signs from now on; keep the two newest keys; running servers use it at once',
    )
    .option('--force', 'rotate although tokens in use end', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../keys.ts')).keysRotateCommand(options));
  keys
    .command('list')
    .description('list the keys with their use, the newest first')
    .option('--json', 'print the list as JSON', false)
    .action(async (options) => (await import('../keys.ts')).keysListCommand(options));
};

const addSecrets = (secrets: Command): void => {
  secrets
    .command('status')
    .description(
      'list the secrets, what needs them, and the processes that run with them; exit with 2 when one is missing',
    )
    .option('--json', 'print the facts as JSON', false)
    .action(async (options) => (await import('../secrets/secrets-status.ts')).secretsStatusCommand(options));
  secrets
    .command('rotate')
    .description('take one step of a rotation; exit with 5 and change nothing when it is not safe yet')
    .option('--prepare', '1: add a new secret that every process accepts and none signs with', false)
    .option('--switch', '2: let the new secret sign; the previous one still verifies', false)
    .option('--retire', '3: remove the previous secret, when nothing needs it', false)
    .option('--id <secret>', 'the secret to retire; without it the oldest one that does not sign')
    .option('--force', 'retire although something needs the secret: that stops working', false)
    .option('--json', 'print the result as JSON', false)
    .action(async (options) => (await import('../secrets/rotate-secrets.ts')).rotateSecretsCommand(options));
};
