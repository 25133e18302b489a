import type { AnswerOf } from '@license-ledger/client';

type Explanation = AnswerOf<'explainValidation'>;
type Code = Explanation['code'];
type Rule = Explanation['rules'][number];
type Action = Explanation['repairs'][number]['action'];

/** The texts of the screen that explains a refusal. */
export const refusalTexts = {
  title: 'Why was it refused?',
  request: 'What the application sent',
  intro: 'Enter what the application sent. Nothing changes: no term starts, and no device is activated.',
  form: {
    license: 'License key or id',
    device: 'Device',
    deviceHint: 'The fingerprint that the application sends, or the id of an activation.',
    product: 'Product',
    version: 'Version of the application',
    at: 'Instant',
    atHint: 'Empty for now.',
    others: 'User, seat and environment',
    user: 'User',
    seat: 'Holder of the seat',
    environment: 'Environment',
    submit: 'Explain',
    empty: 'Enter a license key or the id of a license.',
  },
  answer: {
    title: 'Answer',
    rules: 'Rules',
    also: 'Also:',
    at: 'Explained for',
    decidingCaption: 'Rules that failed or have a remark',
    valid: 'Valid',
    invalid: 'Not valid',
    open: 'Open the license',
    customer: 'Customer:',
    rulesCaption: 'Rules in the order of importance',
    columns: { rule: 'Rule', outcome: 'Outcome', inputs: 'Compared values' },
    others: (count: number) => `Rules that passed or do not apply (${count})`,
    none: 'none',
    yes: 'yes',
    no: 'no',
  },
  outcomes: { PASSED: 'passed', FAILED: 'failed', NOTED: 'remark', NOT_APPLICABLE: 'does not apply' } satisfies Record<
    Rule['outcome'],
    string
  >,
  inapplicable: {
    NOT_NAMED: 'The request does not name it.',
    NOT_REQUIRED: 'The policy does not demand it.',
    NO_END: 'The license has no end.',
    WAITS_FOR_DEVICE: 'The term starts with the first device.',
    NOTHING_TO_COMPARE: 'There is nothing to compare it with.',
    OVERUSE_STAYS: 'The policy lets use above the limit stay.',
    BLOCKED: 'Another rule failed.',
  } satisfies Record<NonNullable<Rule['why']>, string>,
  repair: {
    title: 'How to make it valid',
    past: 'An earlier instant has no repair. Explain now to see what helps today.',
    explainNow: 'Explain now',
    impossible: 'Nothing makes this license valid. Issue another license.',
    order: 'Carry out all steps in this order.',
    or: 'or',
    notYours: 'Your role may not do this. Ask an owner or an administrator.',
    goneMeanwhile: 'They are gone meanwhile. Explain again.',
    anyOf: (count: number) => (count === 1 ? 'Choose one of these:' : `Choose ${count} of these:`),
  },
  steps: {
    REINSTATE: 'Reinstate the license.',
    RENEW: 'Renew the license.',
    EXTEND_MAINTENANCE: 'Extend the maintenance.',
    ADD_PRODUCT: 'Add the product to the license.',
    GRANT_ENTITLEMENT: 'Grant the entitlement.',
    ASSIGN_USER: 'Assign the user to the license.',
    UNASSIGN_USERS: 'Unassign users who no longer need the license.',
    RELEASE_DEVICES: 'Release a device that is no longer in use.',
    RELEASE_SEATS: 'Release a seat that is no longer in use.',
    CHANGE_LIMITS: 'Raise the limit.',
    ACTIVATE: 'The application activates the device.',
    TAKE_SEAT: 'The application takes a seat.',
    SEND: 'The application sends other values:',
    VALIDATE: 'The application validates the license.',
    WAIT: 'Wait until',
  } satisfies Record<Action, string>,
  buttons: {
    REINSTATE: 'Reinstate',
    RENEW: 'Renew',
    EXTEND_MAINTENANCE: 'Change maintenance',
    ADD_PRODUCT: 'Add the product',
    GRANT_ENTITLEMENT: 'Grant the entitlement',
    ASSIGN_USER: 'Assign the user',
    CHANGE_LIMITS: 'Change limits',
  } satisfies Partial<Record<Action, string>> as Partial<Record<Action, string>>,
  denials: {
    title: 'Recent refusals',
    caption: 'Recent refusals, the newest first',
    none: 'No application was refused lately.',
    columns: { at: 'When', code: 'Why', app: 'Product', device: 'Device', network: 'Network', action: 'Action' },
    deviceHint: 'Device has a short code that tells devices apart. It is no fingerprint.',
    otherAnswer:
      'The answer differs from the refusal. The record of a refusal has no device, user and seat. Enter them, and explain again.',
    explain: 'Explain',
    explainOf: (sentence: string) => `Explain this refusal: ${sentence}`,
    more: 'Show earlier refusals',
  },
  limits: { activations: 'devices', seats: 'floating seats' } as Readonly<Record<string, string>>,
  sent: {
    licenseKey: 'the current license key',
    own: 'the value that the application knows',
    omit: 'without',
  },
} as const;

/** Returns the text of each code: the rule, and what its failure means. */
export const codeTexts: Readonly<Record<Code, { readonly rule: string; readonly failed: string }>> = {
  NOT_FOUND: { rule: 'The license exists', failed: 'Your organization has no such license at this instant.' },
  TENANT_SUSPENDED: { rule: 'The issuer is open', failed: 'The organization that issued the license is closed.' },
  REVOKED: { rule: 'Not revoked', failed: 'The license was revoked for good.' },
  SUSPENDED: { rule: 'Not suspended', failed: 'The license is suspended.' },
  KEY_ROTATED: { rule: 'The key works', failed: 'The license has a newer key, and this one no longer works.' },
  NOT_YET_VALID: { rule: 'The term has started', failed: 'The term of the license has not started.' },
  EXPIRED: { rule: 'Not expired', failed: 'The term and its grace have ended.' },
  CHECK_IN_OVERDUE: { rule: 'Checked in', failed: 'The application has not asked the server for too long.' },
  ENVIRONMENT_SCOPE_REQUIRED: { rule: 'Environment named', failed: 'The application must name its environment.' },
  ENVIRONMENT_MISMATCH: { rule: 'Environment fits', failed: 'The license or the device is for another environment.' },
  PRODUCT_SCOPE_REQUIRED: { rule: 'Product named', failed: 'The application must name its product.' },
  PRODUCT_NOT_LICENSED: { rule: 'Product covered', failed: 'The license does not cover this product.' },
  VERSION_SCOPE_REQUIRED: { rule: 'Version named', failed: 'The application must name its version.' },
  VERSION_NOT_ENTITLED: { rule: 'Version covered', failed: 'The license does not cover this version.' },
  USER_SCOPE_REQUIRED: { rule: 'User named', failed: 'The application must name its user.' },
  USER_NOT_ASSIGNED: { rule: 'User assigned', failed: 'The license, device or seat is not assigned to this user.' },
  ENTITLEMENT_MISSING: { rule: 'Entitlements granted', failed: 'The license does not grant a requested entitlement.' },
  FINGERPRINT_REQUIRED: { rule: 'Device named', failed: 'The application must name its device.' },
  NOT_ACTIVATED: { rule: 'Device active', failed: 'The device is not active on this license.' },
  FINGERPRINT_MISMATCH: { rule: 'Fingerprint fits', failed: 'The activation belongs to another device.' },
  COMPONENTS_REQUIRED: { rule: 'Components named', failed: 'The application must send the components of the device.' },
  COMPONENTS_MISMATCH: { rule: 'Components fit', failed: 'Too many components of the device have changed.' },
  NO_LEASE: { rule: 'Seat taken', failed: 'The application has no floating seat.' },
  LEASE_EXPIRED: { rule: 'Seat alive', failed: 'The floating seat had no sign of life for too long.' },
  TOO_MANY_ACTIVATIONS: { rule: 'Devices within the limit', failed: 'More devices are active than the limit allows.' },
  TOO_MANY_LEASES: { rule: 'Seats within the limit', failed: 'More seats are taken than the limit allows.' },
  TOO_MANY_USERS: { rule: 'Users within the limit', failed: 'More users are assigned than the limit allows.' },
  QUOTA_EXCEEDED: { rule: 'Meters within the limit', failed: 'A requested meter has reached its limit.' },
  VALID_IN_GRACE: { rule: 'Not in grace', failed: 'The license is valid. Its term has ended, and its grace runs.' },
  VALID_OVERAGE: { rule: 'No overuse', failed: 'The license is valid. It is used above a limit.' },
  VALID: { rule: 'Valid', failed: 'The license is valid. Every rule passes.' },
};

const denialTexts: Readonly<Record<string, string>> = {
  ACTIVATION_LIMIT_EXCEEDED: 'No place for another device was free.',
  SEAT_LIMIT_EXCEEDED: 'No floating seat was free.',
  USER_LIMIT_EXCEEDED: 'No place for another user was free.',
  DEVICE_ACTIVE_ELSEWHERE: 'The device is active on another license.',
  LICENSE_SUSPENDED: 'The license was suspended.',
  LICENSE_EXPIRED: 'The license had expired.',
  LICENSE_REVOKED: 'The license was revoked.',
};

/** Returns true for a code of a validation. A refused activation may have another one, which no rule explains. */
export const isExplained = (code: string): boolean => Object.hasOwn(codeTexts, code);

/** Returns what a code means as a sentence. A denial may have a code that only a refused activation has. */
export const sentenceOfCode = (code: string): string => {
  const known: Readonly<Record<string, { readonly failed: string }>> = codeTexts;
  return known[code]?.failed ?? denialTexts[code] ?? code;
};
