import type { Instant } from '../time.ts';
import type { IssuedLicense } from './license.ts';

/** Seats that are taken: by open leases, and by released ones whose seat returns later. */
export const seatsInUse = ({ leases, withheld }: IssuedLicense, at: Instant): number => {
  let taken = leases.size;
  for (const freeAt of withheld.values()) if (freeAt > at) taken += 1;
  return taken;
};
