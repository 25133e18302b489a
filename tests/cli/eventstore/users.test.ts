import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { addUserCommand, listUsersCommand, removeUserCommand } from '../../../src/cli/eventstore/users-commands.ts';
import { exitCodeOf } from '../../../src/cli/exit-codes.ts';
import { collect } from '../../embedded/eventstore/harness.ts';
import { createDatabase } from '../../support/database.ts';
import { type SecureStore, startSecureStore } from '../../support/secure-store.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

let store: SecureStore;
const lines: string[] = [];
beforeAll(async () => {
  store = await startSecureStore();
});
afterAll(() => store.stop());
beforeEach(async () => {
  vi.stubEnv('LEDGER_EVENTSTORE_DATABASE_URL', store.databaseUrl);
  vi.stubEnv('LEDGER_DATA_DIR', await temporaryDirectory());
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(`${line}`));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  lines.length = 0;
});

const text = () => lines.splice(0).join('\n');
const codeOf = (command: Promise<void>) => command.then(() => 0, exitCodeOf);
const reads = async (url: string) => {
  const client = EventStoreDBClient.connectionString(url);
  const outcome = await collect(client.readAll({ maxCount: 1 })).then(
    () => true,
    () => false,
  );
  await client.dispose();
  return outcome;
};

test('A user gets a password once, may read with it, and is refused after it was removed', async () => {
  await addUserCommand('reporting', { append: false, json: true });
  const { password, ...user } = JSON.parse(text());
  expect(user).toEqual({ name: 'reporting', mayAppend: false, url: null });
  expect(await reads(store.urlOf('reporting', password))).toBe(true);
  await listUsersCommand({ json: true });
  const listed = text();
  expect(JSON.parse(listed).map(({ name }: { name: string }) => name)).toEqual(['ledger', 'reporting']);
  expect(listed).not.toContain(password);
  await removeUserCommand('reporting', { json: false });
  expect(text()).toContain('Removed reporting.');
  await vi.waitFor(async () => expect(await reads(store.urlOf('reporting', password))).toBe(false), 10_000);
});

test('The URL of the product becomes that of the user', async () => {
  vi.stubEnv('DATABASE_URL', 'postgres://127.0.0.1:1/none');
  vi.stubEnv('LEDGER_SECRET', Buffer.alloc(32, 1).toString('base64'));
  vi.stubEnv('EVENTSTORE_URL', store.url);
  await addUserCommand('importer', { append: true, json: false });
  const [, url = ''] = /URL +(esdb:\S+)/.exec(text()) ?? [];
  expect(url).toMatch(/^esdb:\/\/importer:[\w-]{43}@localhost/);
  expect(await reads(url)).toBe(true);
});

test('Of two commands that add the same user, one is refused with 5', async () => {
  const add = () => codeOf(addUserCommand('twice', { append: false, json: false }));
  expect((await Promise.all([add(), add()])).toSorted()).toEqual([0, 5]);
});

test('A name that cannot be used is refused with 2, and an unknown one with 6', async () => {
  for (const name of ['', 'Ann', 'ann@vendor.example', 'a:b', 'ledger', 'x'.repeat(41)])
    expect(await codeOf(addUserCommand(name, { append: false, json: false }))).toBe(2);
  expect(await codeOf(removeUserCommand('nobody', { json: false }))).toBe(6);
  expect(await codeOf(removeUserCommand('ledger', { json: false }))).toBe(5);
});

test('Without a store, with one of another kind, and without its tables, the commands say so', async () => {
  const list = () => codeOf(listUsersCommand({ json: false }));
  const empty = await createDatabase();
  vi.stubEnv('LEDGER_EVENTSTORE_DATABASE_URL', empty.url);
  expect(await list()).toBe(6);
  await empty.drop();
  vi.stubEnv('LEDGER_EVENTSTORE_DATABASE_URL', 'postgres://127.0.0.1:1/none');
  expect(await list()).toBe(4);
  vi.stubEnv('LEDGER_EVENTSTORE_DATABASE_URL', '');
  expect(await list()).toBe(4);
  vi.stubEnv('DATABASE_URL', 'postgres://127.0.0.1:1/none');
  vi.stubEnv('LEDGER_SECRET', Buffer.alloc(32, 1).toString('base64'));
  vi.stubEnv('EVENTSTORE_URL', 'esdb://kurrent:2113?tls=false');
  expect(await list()).toBe(2);
});
