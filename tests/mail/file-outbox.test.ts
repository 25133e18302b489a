import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFileOutbox } from '../../src/mail/file-outbox.ts';

test('The outbox has one file for each mail, which only its owner can read', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ledger-outbox-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const folder = path.join(dataDir, 'outbox');
  const outbox = createFileOutbox({ folder, from: 'License Ledger <ledger@localhost>' });
  const mail = { id: 'inv_1', to: 'bob@vendor.example', subject: 'Invitation to “Ünal”', text: 'Hello,\n' };
  await outbox.send({ ...mail, text: 'An earlier try\n' });
  await outbox.send(mail);
  await outbox.send({ ...mail, id: 'inv_2' });
  expect((await readdir(folder)).toSorted()).toEqual(['inv_1.eml', 'inv_2.eml']);
  const file = path.join(folder, 'inv_1.eml');
  const [head = '', text] = (await readFile(file, 'utf8')).split('\n\n');
  expect(head.split('\n')).toEqual(
    expect.arrayContaining([
      'Message-ID: <inv_1@localhost>',
      'From: License Ledger <ledger@localhost>',
      'To: bob@vendor.example',
      'Subject: Invitation to “Ünal”',
    ]),
  );
  expect(text).toBe('Hello,\n');
  expect([(await stat(file)).mode & 0o777, (await stat(folder)).mode & 0o777]).toEqual([0o600, 0o700]);
});
