import type { Pool } from 'pg';
import { organizationAggregate } from '../../../src/aggregates/aggregates.ts';
import { userReferences } from '../../../src/identity/user-reference.ts';
import { overdueLeases } from '../../../src/records/lease-liveness.ts';
import { sweepLeases } from '../../../src/workers/sweep-leases.ts';
import { context, send as sendCommand } from '../../support/commands.ts';
import { sendTo } from '../../support/issue-directly.ts';
import type { Answer, Ledger } from '../../support/ledger.ts';

/** Sends the requests of a client with a license key. Its reads contain its own changes. */
export const clientOf = (ledger: Ledger) => {
  let position: string | null = null;
  const send = async (method: string, path: string, sent: { body?: object; headers?: Record<string, string> }) => {
    const seen = position === null ? {} : { 'ledger-min-position': position };
    const answer = await ledger.call(method, `/v1/licenses/${path}`, {
      ...sent,
      headers: { ...sent.headers, ...seen },
    });
    const written = answer.headers.get('ledger-position');
    if (written !== null && BigInt(written) > BigInt(position ?? -1)) position = written;
    return answer;
  };
  const byHeader = (licenseKey: string) => ({ headers: { authorization: `License ${licenseKey}` } });
  return {
    post: (operation: string, licenseKey: string, fields: object = {}) =>
      send('POST', operation, { body: { licenseKey, ...fields } }),
    get: (path: string, licenseKey: string) => send('GET', path, byHeader(licenseKey)),
    release: (leaseId: string, licenseKey: string) => send('DELETE', `leases/${leaseId}`, byHeader(licenseKey)),
    assign: (licenseId: string, user: string) => {
      const parties = { issuerOrgId: ledger.a.organizationId, holderOrgId: null, formerHolders: [] };
      const [userRef = ''] = userReferences(ledger.secrets, parties, user);
      return sendTo(ledger, licenseId, { type: 'AssignUser', data: { userRef } });
    },
    /** With the API's clock so many seconds ahead. */
    later: async <T>(seconds: number, work: () => Promise<T>): Promise<T> => {
      ledger.clock.aheadMs = seconds * 1_000;
      return work().finally(() => {
        ledger.clock.aheadMs = 0;
      });
    },
  };
};

/** Closes an organization, projected when it returns. */
export const close = async (ledger: Ledger, organizationId: string): Promise<void> => {
  const command = { type: 'CloseOrganization', at: ledger.needs.now(), by: { type: 'SYSTEM' }, data: {} } as const;
  const closed = await sendCommand(
    ledger.executor,
    organizationAggregate,
    organizationId,
    command,
    context(),
    () => null,
  );
  if ('rejected' in closed) throw new Error(closed.detail);
  await ledger.projected.waitFor(closed.position.commit, 10_000);
};

/** Status and code of an answer. */
export const outline = ({ status, body }: Answer) => [status, ...(body.code === undefined ? [] : [String(body.code)])];

/** Ends overdue leases as the worker does, at the clock of the API. */
export const sweepWith = (worker: Pool, ledger: Ledger): Promise<number> =>
  sweepLeases({
    overdue: (page) => overdueLeases(worker, page),
    executor: ledger.executor,
    now: () => new Date(ledger.needs.now()),
    onError: (error) => {
      throw error;
    },
  });
