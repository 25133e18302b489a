/** The worker sends what has fallen due in order, so nothing is settled before. Ended parts are announced at any time. */
export const settlesNothing: ReadonlySet<string> = new Set([
  'IssueLicense',
  'ImportLicense',
  'RecordReplacement',
  'AnnounceEnded',
  'Expire',
  'EndGrace',
  'EndTrial',
  'Remind',
  'RetireKey',
  'CarryOutScheduled',
  'EndSuspension',
  'EndEntitlements',
]);
/** Late commands of the worker on a revoked license, which are no mistake. */
export const mayComeLate: ReadonlySet<string> = new Set([
  'Revoke',
  'Expire',
  'EndGrace',
  'EndTrial',
  'Remind',
  'CarryOutScheduled',
  'RetireKey',
  'EndSuspension',
  'EndEntitlements',
  'LapseLease',
  'ReleaseExpired',
  'ReleaseUnseen',
]);
