/** What each rule of a policy decides, in a request and in an answer. */
export const ruleTexts = {
  type: 'The kind of agreement: for a term, on trial, or perpetual.',
  expiryStrategy: 'What an expired license allows: nothing, running without updates, or running with updates.',
  expiryGraceSeconds: 'How long an expired license stays usable as IN_GRACE.',
  validationTtlSeconds: 'How long an application may cache an answer at most.',
  offlineGraceSeconds: 'How long an application may run without contact to the server.',
  overage: 'How far usage may exceed a limit: not at all, up to a percentage of it, or without bound.',
  limitStrategy:
    'What happens when a limit is lowered below its usage: the usage stays, the change is refused, or the oldest usage ends.',
  deactivation: 'Whether and how often a client may deactivate devices. The issuer always may.',
  fingerprintMatching:
    'Whether a device is recognized by its fingerprint only, or also by any, most or all of its components.',
  fingerprintRequired: 'Whether a validation must name a device.',
  productRequired: 'Whether a validation must name a product.',
  lease: 'What floating seats are counted by, and how long a seat is held.',
  heartbeatSeconds: 'How often the holder of a seat sends a heartbeat. Null means a third of the time to live.',
  remindBefore: 'How long before its end the end of a term is announced.',
  trialEnd: 'Whether a trial ends or becomes FREE.',
  reinstateOnPayment: 'Whether a renewal with the reason PAYMENT ends a suspension with the reason PAYMENT.',
  transferable: 'Whether the license can be transferred to another holder.',
  renewUntilSeconds: 'How long after its expiry a license can be renewed. Null means without a limit.',
  checkInSeconds: 'How long a license stays valid without a validation. Null means without a limit.',
  userRequired: 'Whether a validation must name a user.',
  leaseRequired: 'Whether a validation must name the holder of a seat.',
  environment: 'The only environment that the license allows. Null allows every environment.',
  versions: 'The versions of the application that the license allows. Null allows every version.',
  reclaimBorrowed: 'Whether an administrator can take a borrowed seat back at once.',
} as const;
