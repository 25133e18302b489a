import { addsFields, type Upcasters } from '../eventstore/upcast.ts';

/**
 * The changes of the format of stored events, which are never rewritten. A type gets an upcaster, and another file in
 * the corpus of the tests, when an older program must not or cannot read its new data.
 */
export const upcasters: Upcasters = new Map([
  // The last version of each of these may have the limit `unlimited`, which an older program cannot compare. Other events
  // name such a limit only after one of them in the stream, so their versions stay: LicenseIssued, LicenseImported,
  // LicenseLimitsChanged, TierChangeScheduled, LicenseTierChanged, TrialConverted, PolicyCreated, PolicyVersionAdded.
  ['PolicyCreated', [addsFields]],
  ['PolicyVersionAdded', [addsFields]],
  // Version 2 may have `ends`. An event without it has the same meaning as in version 1. In version 3 `ends` may keep
  // the seats of borrowed leases, which an older program would hand out a second time.
  ['LicenseRevoked', [addsFields, addsFields]],
  ['LicenseTransferred', [addsFields, addsFields]],
  // Version 4 may have `overrides`, which an older program would lose with the next change of the policy. Early events
  // of the version before have it too, and mean the same.
  ['ProductRemoved', [addsFields, addsFields, addsFields]],
  ['LicenseLimitsChanged', [addsFields, addsFields, addsFields, addsFields]],
  ['ProductAdded', [addsFields]],
  ['TierChangeScheduled', [addsFields, addsFields]],
  // Version 2 may have `overrides` and `maintenanceUntil`. Version 3 may have `maintenanceFromPolicy`: an older program
  // would keep that maintenance under a policy without it.
  ['LicenseIssued', [addsFields, addsFields, addsFields]],
  ['LicenseImported', [addsFields, addsFields, addsFields]],
  // Version 2 may have `overrides`, and `dropped` takes entitlements away. In version 1 an event followed for each.
  // Version 3 may have `maintenanceUntil`: an older program would keep the maintenance that the change ends.
  ['LicenseTierChanged', [addsFields, addsFields, addsFields]],
  ['TrialConverted', [addsFields, addsFields, addsFields]],
  // Version 2 may have `maintenanceUntil`, and `billingRef` of a payment for which an older program would renew again.
  ['LicenseTermStarted', [addsFields]],
  ['LicenseRenewed', [addsFields]],
  // In version 2 `to` may be null, which neither an older program nor a consumer of version 1 expects. Version 3 may
  // have `maintenanceUntil`.
  ['LicenseExpiryChanged', [(data) => data, addsFields]],
  // In version 2 `withheld` turns the meaning around: a grant withholds its code, and its end gives the code back. An
  // older program and a consumer of version 1 would read the opposite.
  ['EntitlementGranted', [(data) => data]],
  ['EntitlementEnded', [(data) => data]],
  // Version 2 may have `ends`, which an older program would not carry out.
  ['UserUnassigned', [addsFields]],
  // Version 2 may have the roles SUPPORT, SALES and DEVELOPER, which an older program cannot judge.
  ['MemberInvited', [addsFields]],
  ['MemberJoined', [addsFields]],
  ['MemberRoleChanged', [addsFields]],
  ['MemberRemoved', [addsFields]],
  // Version 2 may have `products`, without which an older program would let the key reach everything.
  ['ApiKeyCreated', [addsFields]],
]);
