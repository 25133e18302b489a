import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandsOf } from '../../src/cli/program/add-examples.ts';
import { createProgram } from '../../src/cli/program/create-program.ts';
import { outputPattern, shownCommands } from '../support/shown-output.ts';

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md'],
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const commands = pages.flatMap(shownCommands);

/** Commands that no test runs, with the reason. */
const notRun: Readonly<Record<string, string>> = {
  'npm ci': 'installs the packages that the tests run on',
  'npm test': 'runs the tests',
  'npx vitest run tests/domain/license/term': 'runs tests',
  'ledger start --roles api,projector,worker,notary':
    'needs the servers of an operator; tests/e2e/servers.test.ts starts it',
  'curl -sSf $URL/v1/audit/packs/$PACK -H "authorization: Bearer $API_KEY" | node -p "JSON.parse(fs.readFileSync(0)).state"':
    'tests/api/audit/packs.test.ts waits for READY',
  'node ledger-verify.mjs pack pack.zip --key log.vkey': 'tests/packs checks these sentences',
  'echo $?': 'tests/cli/exit-codes.test.ts checks the exit codes',
};

/** The tests that compare the output of a command with what a page shows of it. */
const tests = ['tests/cli', 'tests/docs', 'tests/e2e']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`))
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n')
  // The formatter breaks long calls.
  .replaceAll(/\(\s+'docs/g, "('docs")
  .replaceAll(/',\s+(?=['"])/g, "',");

const isCompared = (page: string, command: string): boolean =>
  ['outputPattern', 'shownJson'].some((name) =>
    [`'${command}'`, `"${command}"`].some((argument) => tests.includes(`${name}('${page}',${argument}`)),
  );

test('A test compares each output that a block of text shows with what the command prints', () => {
  const withOutput = commands.filter(({ page, output }) => output !== '' && page !== 'docs/cli.md');
  expect(withOutput.length).toBeGreaterThan(8);
  const unchecked = withOutput.filter(({ page, command }) => !(command in notRun) && !isCompared(page, command));
  expect(unchecked.map(({ page, command }) => `${page}: ${command}`)).toEqual([]);
});

test('A command of ledger in a block of text exists, with its options', () => {
  const known = commandsOf(createProgram(false));
  const lines = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/^```text\n(.*?)^```/gms)].flatMap(([, block = '']) =>
      // Without a prompt every line is a command.
      [...block.matchAll(/^\$ /m.test(block) ? /^\$ (?:npx )?ledger (.+)$/gm : /^(?:npx )?ledger (.+)$/gm)].map(
        ([, args = '']) => ({ page, args }),
      ),
    ),
  );
  expect(lines.length).toBeGreaterThan(15);
  for (const { page, args } of lines) {
    const command = known.find(({ path }) => `${args} `.startsWith(`${path} `));
    expect(command, `${page}: ledger ${args}`).toBeDefined();
    const options = command?.command.options.map(({ long }) => long) ?? [];
    for (const [option] of args.matchAll(/(?<= )--[a-z-]+/g))
      expect(options, `${page}: ledger ${args}`).toContain(option);
  }
});

test('The pattern of an output fits other numbers, ids, hosts and widths, and no other text', () => {
  const pattern = outputPattern('docs/operations.md', 'ledger events --limit 1');
  const line = (name: string) =>
    `2027-01-02T03:04:05.006Z organization-org_1abc@0 OrganizationCreated SYSTEM:bootstrap organizationId=org_1abc name=${name}\n`;
  expect(line('Demo Vendor')).toMatch(pattern);
  expect(line('Other')).not.toMatch(pattern);
});
