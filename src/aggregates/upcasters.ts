import { addsFields, type Upcasters } from '../eventstore/upcast.ts';

/**
 * The changes of the format of stored events, which are never rewritten. A type gets an upcaster, and another file in
 * the corpus of the tests, when an older program must not or cannot read its new data.
 */
export const upcasters: Upcasters = new Map([
  // Version 2 may have `ends`. An event without it has the same meaning as in version 1. In version 3 `ends` may keep the
  // seats of borrowed leases, which an older program would hand out a second time.
  ['LicenseRevoked', [addsFields, addsFields]],
  ['LicenseTransferred', [addsFields, addsFields]],
  ['ProductRemoved', [addsFields, addsFields]],
  ['LicenseLimitsChanged', [addsFields, addsFields]],
  // In version 2 `to` may be null, which neither an older program nor a consumer of version 1 expects.
  ['LicenseExpiryChanged', [(data) => data]],
  // Version 2 may have `ends`, which an older program would not carry out.
  ['UserUnassigned', [addsFields]],
]);
