import type { Command } from 'commander';

/** Examples of every command, by its name with those of its parents. Each one is a whole line for a shell. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  start: ['ledger start', 'ledger start --roles api', 'PORT=9090 LOG_FORMAT=json ledger start'],
  verify: ['ledger verify', 'ledger verify --json | jq .intact'],
  pack: [
    'ledger pack --organization org_01h455vb4pex5vsknk084sn02q --licenses lic_01h455vb4pex5vsknk084sn02q --from 2026-01-01T00:00:00Z --out pack.zip',
    "ledger pack --organization org_01h455vb4pex5vsknk084sn02q --filter 'tier=PRO' --from 2026-01-01T00:00:00Z --out pack.zip",
  ],
  'repair-chain': ['ledger repair-chain', 'ledger repair-chain --apply --operator ops-7 --reason TWO_WRITERS'],
  rebuild: ['ledger rebuild', 'ledger rebuild --rollback'],
  copy: [
    "ledger copy --to 'esdb://user:password@new:2113?tls=true'",
    "ledger copy --to 'esdb://user:password@new:2113?tls=true' --switch",
  ],
  backup: [
    'ledger backup --to /backups/ledger',
    'ledger backup --to /backups/ledger --secrets-to /safe/ledger-secret.json',
  ],
  restore: [
    'LEDGER_DATA_DIR=/var/lib/ledger-new ledger restore --from /backups/ledger/<directory> --secrets-from /safe/ledger-secret.json',
    'ledger restore --from /backups/ledger/<directory> --only postgres',
  ],
  'parked list': ['ledger parked list'],
  'parked replay': ['ledger parked replay', 'ledger parked replay license-lic_01h455vb4pex5vsknk084sn02q'],
  status: ['ledger status', 'ledger status --json | jq .lag'],
  doctor: ['ledger doctor', 'ledger doctor --json'],
  init: [
    "ledger init --organization 'Example Software' --email ann@vendor.example --generate-password",
    '(umask 077; ledger init --json >> organization.json)  # the file then has the API key and the password',
  ],
  'secrets status': ['ledger secrets status'],
  'secrets rotate': [
    'ledger secrets rotate --prepare',
    'ledger secrets rotate --switch',
    'ledger secrets rotate --retire',
  ],
  'log rotate-key': ['ledger log rotate-key --organization org_01h455vb4pex5vsknk084sn02q'],
  'log restart': ['ledger log restart --organization org_01h455vb4pex5vsknk084sn02q --reason RESTORED_BACKUP'],
  'keys rotate': ['ledger keys rotate'],
  'keys list': ['ledger keys list --json'],
  'user reset-password': [
    'ledger user reset-password owner@demo.example',
    'ledger user reset-password owner@demo.example --stdin < password.txt',
  ],
  demo: ['ledger demo'],
  reset: ['ledger reset', 'ledger reset --yes'],
  events: [
    'ledger events --limit 20',
    'ledger events --follow --type LicenseIssued LicenseRevoked',
    'ledger events --json --from 48213 | jq -r .type | sort | uniq -c',
  ],
  logs: ['ledger logs --limit 50', 'ledger logs --follow --level warn', 'ledger logs --since 10m --json | jq .msg'],
  'jobs list': ['ledger jobs list'],
  'jobs pause': ['ledger jobs pause ledger-mail'],
  'jobs resume': ['ledger jobs resume ledger-mail'],
  'jobs run': ['ledger jobs run expiry-sweep', 'ledger jobs run expiry-sweep --wait'],
  'eventstore start': ['ledger eventstore', 'LEDGER_EVENTSTORE_PORT=2113 ledger eventstore --wait'],
  'eventstore users add': ['ledger eventstore users add reporting', 'ledger eventstore users add importer --append'],
  'eventstore users list': ['ledger eventstore users list'],
  'eventstore users remove': ['ledger eventstore users remove reporting'],
  completion: [
    'source <(ledger completion bash)',
    'ledger completion zsh > ~/.zsh/_ledger',
    'ledger completion fish > ~/.config/fish/completions/ledger.fish',
  ],
  openapi: ['ledger openapi > openapi.json'],
  'client-types': ['ledger client-types > operations.ts'],
  'env-example': ['ledger env-example > .env'],
};

/** Adds examples and the place of the exit codes to the help of every command. */
export const addExamples = (program: Command): void => {
  program.addHelpText('after', exitCodesText);
  for (const { path, command } of commandsOf(program)) {
    const lines = (examples[path] ?? []).map((line) => `  $ ${line}`);
    if (lines.length > 0) command.addHelpText('after', ['', 'Examples:', ...lines, exitCodesText].join('\n'));
  }
};

const exitCodesText = `
Exit codes: 0 fine, 1 failed, 2 usage or configuration, 3 damage found, 4 not reachable, 5 refused, 6 nothing to check.
Meaning for each command: docs/cli.md.`;

/** Returns every command that does something, with its names from the first below the program. */
export const commandsOf = (parent: Command, names: readonly string[] = []): readonly NamedCommand[] =>
  parent.commands.flatMap((command) => {
    const path = [...names, command.name()];
    return command.commands.length > 0 ? commandsOf(command, path) : [{ path: path.join(' '), command }];
  });

type NamedCommand = { readonly path: string; readonly command: Command };
