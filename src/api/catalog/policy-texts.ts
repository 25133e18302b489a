/** What each rule of a policy decides, in a request and in an answer. */
export const ruleTexts = {
  type: 'What kind of agreement it is: for a term, on trial, or for ever.',
  expiryStrategy: 'What an expired license may still do: nothing, run without updates, run fully.',
  expiryGraceSeconds: 'How long an expired license goes on as IN_GRACE.',
  validationTtlSeconds: 'How long an application may keep an answer at most.',
  offlineGraceSeconds: 'How long an application may run without reaching the server.',
  overage: 'How far use may go beyond a limit: not at all, to a percent of it, without end.',
  limitStrategy:
    'What happens to use above a limit that is lowered: it stays, the change is refused, the oldest is ended.',
  deactivation: 'Whether and how often a client gives an activation back; the issuer always can.',
  fingerprintMatching:
    'Whether a device is known by its fingerprint alone, or also by any, most or all of its components.',
  fingerprintRequired: 'Whether a validation must name a device.',
  productRequired: 'Whether a validation must name a product.',
  lease: 'What a floating seat is counted by, and how long one is held.',
  heartbeatSeconds: 'How often the holder of a seat sends a heartbeat; null: a third of how long it is held.',
  remindBefore: 'How long before its end a term is announced to end.',
  trialEnd: 'Whether a trial ends, or becomes FREE.',
  reinstateOnPayment: 'Whether a renewal for PAYMENT lifts a suspension for PAYMENT.',
  transferable: 'Whether the license can go to another holder.',
  renewUntilSeconds: 'How long after its expiry a license can be renewed; null: for ever.',
  checkInSeconds: 'How long a license is valid without being validated; null: for ever.',
  userRequired: 'Whether a validation must name a user.',
  leaseRequired: 'Whether a validation must name who holds a seat.',
  environment: 'The one environment that the license is good for; null: any.',
  versions: 'Versions of the application that the license is good for; null: any.',
  reclaimBorrowed: 'Whether an administrator takes a borrowed seat back at once.',
} as const;
