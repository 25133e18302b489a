import type { UseOfRequest } from '../../src/application/usage/gather-usage.ts';
import { newCommandId } from '../../src/eventstore/uuids.ts';
import type { Ledger } from './ledger.ts';

type Use = {
  readonly licenseId: string;
  readonly number: number;
  readonly commandId: string;
  /** Without it the request always has its turn. */
  readonly turn?: UseOfRequest['request']['turn'];
};

/** A use of the meter `builds` by the key of a license, with the id `u<number>`, in a request of its own. */
export const useOfRequest = (ledger: Ledger, { licenseId, number, commandId, turn = always }: Use): UseOfRequest => ({
  request: {
    call: { requestId: newCommandId(), correlationId: newCommandId(), expectedRevision: null },
    attempt: {
      commandId,
      requestHash: 'ab'.repeat(32),
      earlierRequestHashes: [],
      secret: '',
      whenOnly: async () => undefined,
    },
    actor: { type: 'CLIENT', id: licenseId, onBehalfOf: null },
    by: { kind: 'keyHolder', keyVersion: 1 },
    turn,
  },
  license: { licenseId, issuerOrgId: ledger.a.organizationId },
  meter: 'builds',
  usage: { usageId: `u${number}`, quantity: 1, occurredAt: ledger.needs.now(), commandId },
});

const always = { end: () => undefined, resume: async () => undefined };
