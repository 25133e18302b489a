import type { Recorded } from '../../src/eventstore/event-store.ts';
import { createLog, customer, rival, vendor } from './license-fixtures.ts';

const piece = 500;

/** The names that `manyLicenses` gives to the licenses of one piece after the other; `license.issue` makes their ids of them. */
export const licenseName = (index: number): string => `many/${index}`;

/**
 * A log of `count` licenses of two issuers, most of them with a holder, five events each, in pieces: within a piece those of
 * different licenses are interleaved. Never more than a piece is in memory. `secretId`: the secret of their keys.
 */
export function* manyLicenses(count: number, secretId = 'secret-1'): Generator<readonly Recorded[]> {
  let offset = 0n;
  for (let first = 0; first < count; first += piece) {
    const ledger = createLog();
    if (first === 0) for (const id of [vendor, rival, customer]) ledger.organization(id, `Organization of ${id}`);
    const ids = Array.from({ length: Math.min(piece, count - first) }, (_, index) =>
      ledger.issue(licenseName(first + index), {
        issuerOrgId: index % 3 === 0 ? rival : vendor,
        holderOrgId: index % 4 === 0 ? null : customer,
        secretId,
      }),
    );
    for (const id of ids) ledger.activate(id, 'device');
    for (const id of ids) ledger.renew(id);
    for (const [index, id] of ids.entries()) index % 2 === 0 ? ledger.suspend(id) : ledger.deactivate(id, 'device');
    const end = offset;
    yield ledger.log.map((recorded) => {
      const commit = recorded.position.commit + end;
      return { ...recorded, position: { commit, prepare: commit } };
    });
    offset = end + BigInt((ledger.log.length + 1) * 100);
  }
}
