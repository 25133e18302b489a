import { addsFields, type Upcasters } from '../eventstore/upcast.ts';

/**
 * What has changed in the format of stored events, which are never rewritten: a type gets an upcaster and a further file in
 * the corpus of the tests when a program of before must not, or can no longer, read its data as it is written.
 */
export const upcasters: Upcasters = new Map([
  // Version 2 may carry `ends`. An event without it means what it meant in version 1.
  ['LicenseRevoked', [addsFields]],
  ['LicenseTransferred', [addsFields]],
  ['ProductRemoved', [addsFields]],
  ['LicenseLimitsChanged', [addsFields]],
]);
