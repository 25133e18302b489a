import { auditRequests } from './requests-audit.ts';
import { catalogRequests } from './requests-catalog.ts';
import { licenseRequests } from './requests-licenses.ts';
import { logRequests } from './requests-logs.ts';
import { organizationRequests } from './requests-organizations.ts';
import { userRequests } from './requests-users.ts';
import type { MakeRequest } from './subject.ts';

const bare =
  (path: string): MakeRequest =>
  () => ({ path });

/** For each entry of `expected` a request that is good in all but, perhaps, who sends it. */
export const requests: Readonly<Record<string, MakeRequest>> = {
  live: bare('/livez'),
  ready: bare('/readyz'),
  version: bare('/version'),
  listEvents: bare('/v1/events'),
  streamEvents: bare('/v1/events/stream'),
  getEvent: async ({ license, prepare }) => {
    const { licenseId } = await license();
    const { data } = await prepare('GET', `/v1/licenses/${licenseId}/history?limit=1`);
    return { path: `/v1/events/${data?.[0]?.id}` };
  },
  ...logRequests,
  ...auditRequests,
  ...licenseRequests,
  ...userRequests,
  ...catalogRequests,
  ...organizationRequests,
};
