import { expect, test } from 'vitest';
import { askedValues, type KnownValues, knownValues } from '../../../src/cli/init/init-values.ts';
import type { Terminal } from '../../../src/cli/init/terminal.ts';

const password = 'ann.of.the.vendor@vendor.example';
const noInit = { organization: null, email: null, password: null, passwordFile: null, apiKeyName: null };

test('A given password that is the address is refused when the address is asked at the terminal', async () => {
  const known: KnownValues = {
    ...{ organization: 'Example', email: null, apiKeyName: 'first key' },
    password: { text: password, isGenerated: false },
  };
  const faults: (string | null)[] = [];
  const terminal = {
    ask: async (_question: string, check: (answer: string) => string | null) => {
      faults.push(check(password), check('ann@vendor.example'));
      return 'ann@vendor.example';
    },
  } as Terminal;
  expect(await askedValues(known, terminal)).toMatchObject({ email: 'ann@vendor.example', password });
  expect(faults).toEqual([expect.stringContaining('is the address of the user'), null]);
});

test('A password in place of the path of its file is not printed', async () => {
  const options = {
    organization: 'Example',
    email: 'ann@vendor.example',
    passwordStdin: false,
    generatePassword: false,
  };
  const values = knownValues({ ...options, json: false }, { ...noInit, passwordFile: password }, null);
  await expect(values).rejects.toThrow(/^LEDGER_INIT_PASSWORD_FILE cannot be read \(ENOENT\)\. Set it to a path\.$/);
});
