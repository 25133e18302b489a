import { licenseRequests } from './requests-licenses.ts';
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
  ...licenseRequests,
  ...userRequests,
};
