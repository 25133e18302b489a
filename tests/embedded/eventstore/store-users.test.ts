import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { digestOf } from '../../../src/embedded/eventstore/access/password-digest.ts';
import { openStoreUsers } from '../../../src/embedded/eventstore/access/store-users.ts';

test('A user who was added while another call read the list is let in', async () => {
  const rows: { name: string; may_append: boolean; password_sha256: Uint8Array }[] = [];
  let endFirst = () => {};
  const first = new Promise<void>((resolve) => {
    endFirst = resolve;
  });
  let readings = 0;
  const query = async () => {
    const seen = [...rows];
    if (readings++ === 0) await first;
    return { rows: seen };
  };
  const users = openStoreUsers({ name: 'ledger', password: 'x' }, { query } as unknown as Pick<Pool, 'query'>);
  const stranger = users.find({ name: 'stranger', password: 'y' });
  rows.push({ name: 'reporting', may_append: false, password_sha256: digestOf('z') });
  const added = users.find({ name: 'reporting', password: 'z' });
  endFirst();
  expect(await added).toMatchObject({ name: 'reporting', mayAppend: false });
  expect(await stranger).toBeNull();
  users.close();
});
