import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { parseRequest } from '../../../src/api/http/parse-request.ts';
import type { Ledger } from '../../support/ledger.ts';
import { shareLedger } from '../../support/shared-ledger.ts';

let ledger: Ledger;
beforeAll(async () => {
  ledger = await shareLedger();
});
afterAll(() => ledger.stop());

const once = 'must be present once only: the query has it 2 times. Send one value';
const several = 'must be present once only. Write several types with commas between them: types=A,B';

test('Every query parameter of every route says that it may be present once only', () => {
  let parameters = 0;
  for (const { path, request } of ledger.routes) {
    const { query } = request.shape;
    if (!(query instanceof z.ZodObject)) continue;
    const lone = z.object({ query });
    for (const name of Object.keys(query.shape)) {
      parameters += 1;
      const sent = name === 'metadata' ? 'metadata[team]' : name;
      const outcome = parseRequest(lone, { params: {}, query: { [sent]: ['A', 'B'] }, body: undefined });
      const errors = 'errors' in outcome ? outcome.errors : [];
      expect([path, errors?.filter(({ pointer }) => pointer === `?${sent}`)]).toEqual([
        path,
        [{ pointer: `?${sent}`, detail: name === 'types' ? several : once }],
      ]);
    }
  }
  expect(parameters).toBeGreaterThan(80);
});

test('A repeated parameter is refused with what to do, and an unknown one with its name', async () => {
  const { apiKey: key } = ledger.a;
  const refusalOf = async (path: string) => {
    const { status, body } = await ledger.call('GET', path, { key });
    return [status, body.detail, Object.values(body.errors ?? {}).map(({ pointer }) => pointer)];
  };
  expect(await refusalOf('/v1/licenses?status=ACTIVE&status=EXPIRED')).toEqual([400, `?status: ${once}`, ['?status']]);
  expect(await refusalOf('/v1/events?types=LicenseIssued&types=LicenseRevoked')).toEqual([
    ...[400, `?types: ${several}`, ['?types']],
  ]);
  expect(await refusalOf('/v1/licenses?metadata[a]=1&metadata[a]=2&metadata[a]=3')).toEqual([
    ...[400, `?metadata[a]: ${once.replace('2', '3')}`, ['?metadata[a]']],
  ]);
  expect(await refusalOf('/v1/licenses?state=A&state=B')).toEqual([
    ...[400, '?state: is not known here: check its spelling, or leave it out', ['?state']],
  ]);
});
