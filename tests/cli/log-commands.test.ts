import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseRotation } from '../../src/proof/notes/key-rotations.ts';
import { parseNote } from '../../src/proof/notes/signed-notes.ts';
import { readLastCheckpoint, readLogKeys } from '../../src/records/issuer-trees.ts';
import { openCommandPlaces } from '../support/command-places.ts';
import { runCommand } from '../support/run-command.ts';

let opened: Awaited<ReturnType<typeof openCommandPlaces>>;
let organization: string;
const run = async (args: string) => {
  const { code, output } = await runCommand(args.split(' '), opened.environments.RUNNING);
  expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
  return JSON.parse(output);
};
const untilSigned = (origin: string) =>
  vi.waitFor(
    async () => {
      const last = await readLastCheckpoint(opened.models.worker, organization);
      expect(last?.origin).toBe(origin);
      return last;
    },
    { timeout: 30_000, interval: 100 },
  );

beforeAll(async () => {
  opened = await openCommandPlaces();
  const created = await run('init --organization Example --email ann@vendor.example --generate-password --json');
  organization = created.organizationId;
}, 120_000);
afterAll(() => opened.close(), 60_000);

test('A server with all roles signs the log of a new organization', async () => {
  await vi.waitFor(async () => expect(await readLastCheckpoint(opened.models.worker, organization)).not.toBe(null), {
    timeout: 30_000,
    interval: 100,
  });
});

test('ledger log rotate-key gives a log another key, and the notary signs with it', async () => {
  const { origin, vkey, file } = await run(`log rotate-key --organization ${organization} --operator ops-1 --json`);
  expect(vkey.startsWith(`${origin}+`)).toBe(true);
  expect(existsSync(file)).toBe(true);
  // As docs/proof.md says, for those who check the log.
  const { data } = await run(`events --stream checkpoint-${organization} --type LogKeyRotated LogRestarted --json`);
  expect(parseRotation(parseNote(data.note).text)).toEqual({ origin, vkey });
  await vi.waitFor(
    async () => expect((await readLogKeys(opened.models.worker, organization)).at(-1)?.vkey).toBe(vkey),
    { timeout: 30_000, interval: 100 },
  );
});

test('ledger log restart begins a log again under its next name, with the last checkpoint in its event', async () => {
  const before = await readLastCheckpoint(opened.models.worker, organization);
  const args = `log restart --organization ${organization} --reason RESTORED_BACKUP`;
  // The log is intact, so a restart would be a mistake.
  const refused = await runCommand(args.split(' '), opened.environments.RUNNING);
  expect(refused).toEqual({
    code: 5,
    output: expect.stringContaining(`from signing ${before?.origin}: its key is here`),
  });
  expect(refused.output).toContain('--force');
  const restarted = await run(`${args} --force --json`);
  expect(restarted).toMatchObject({
    origin: `${before?.origin}/2`,
    last: { origin: before?.origin, size: before?.size },
  });
  await untilSigned(restarted.origin);
});

test('ledger log restart needs no --force without the key of the log', async () => {
  const args = `log restart --organization ${organization} --reason LOST_KEY --json`.split(' ');
  const elsewhere = { ...opened.environments.RUNNING, LEDGER_LOG_KEYS_DIR: opened.at('other-keys') };
  const { code, output } = await runCommand(args, elsewhere);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('/3') });
});
