// What an application does for each answer of a validation. `npx tsx examples/typescript/codes.ts` prints the table.
import type { AnswerOf } from '@license-ledger/client';

export type Code = AnswerOf<'validateLicense'>['code'];

/** `run`, `run and say so`, or why not: what the user can do about it. */
export type Reaction = { readonly runs: boolean; readonly say: string | null };

const run: Reaction = { runs: true, say: null };
const notice = (say: string): Reaction => ({ runs: true, say });
const stop = (say: string): Reaction => ({ runs: false, say });

// A code that is missing here does not compile.
export const reactions: Readonly<Record<Code, Reaction>> = {
  VALID: run,
  VALID_IN_GRACE: notice('The license has expired and works for a while longer. Please renew it.'),
  VALID_OVERAGE: notice('More is in use than was bought. Please ask for a larger license.'),
  NOT_FOUND: stop('This license key is not known. Please check it.'),
  TENANT_SUSPENDED: stop('The vendor of this license is not active. Please contact them.'),
  REVOKED: stop('This license was revoked. Please contact the vendor.'),
  SUSPENDED: stop('This license is suspended. Please contact the vendor.'),
  KEY_ROTATED: stop('This license has a new key. Please enter the new one.'),
  NOT_YET_VALID: stop('This license begins later.'),
  EXPIRED: stop('This license has expired. Please renew it.'),
  CHECK_IN_OVERDUE: stop('This license was not checked for too long. Please try once more.'),
  ENVIRONMENT_SCOPE_REQUIRED: stop('The application must name its environment: a mistake of its vendor.'),
  ENVIRONMENT_MISMATCH: stop('This license is for another environment.'),
  PRODUCT_SCOPE_REQUIRED: stop('The application must name its product: a mistake of its vendor.'),
  PRODUCT_NOT_LICENSED: stop('This license does not cover this product.'),
  VERSION_SCOPE_REQUIRED: stop('The application must name its version and release: a mistake of its vendor.'),
  VERSION_NOT_ENTITLED: stop('This license does not cover this version. Please use an older one or renew.'),
  USER_SCOPE_REQUIRED: stop('This license is for named users. Please sign in.'),
  USER_NOT_ASSIGNED: stop('This license is not assigned to you. Please ask your administrator.'),
  ENTITLEMENT_MISSING: stop('This license lacks a feature that is needed.'),
  FINGERPRINT_REQUIRED: stop('The application must name its device: a mistake of its vendor.'),
  NOT_ACTIVATED: stop('This device is not activated. Activate it now?'),
  FINGERPRINT_MISMATCH: stop('This activation belongs to another device. Please activate this one.'),
  COMPONENTS_REQUIRED: stop('The application must name the components of its device: a mistake of its vendor.'),
  COMPONENTS_MISMATCH: stop('The hardware of this device has changed. Please release it and activate it again.'),
  NO_LEASE: stop('This device holds no seat. Take one now?'),
  LEASE_EXPIRED: stop('The seat of this device was given away. Take one again?'),
  TOO_MANY_ACTIVATIONS: stop('Too many devices are activated. Please release one.'),
  TOO_MANY_LEASES: stop('Too many seats are taken. Please wait for one.'),
  TOO_MANY_USERS: stop('Too many users are assigned. Please ask your administrator.'),
  QUOTA_EXCEEDED: stop('The quota is used up.'),
};

/** A code of a newer server is not known here; `valid` still says whether the application may run. */
export const reactionTo = (code: string, valid: boolean): Reaction => {
  // The policy lets the application go on after the end of the term.
  if (code === 'EXPIRED' && valid) return notice('The term has ended. The license still works.');
  const known: ReadonlyMap<string, Reaction> = new Map(Object.entries(reactions));
  return known.get(code) ?? (valid ? run : stop(`The license is not valid (${code}).`));
};

if (import.meta.filename === process.argv[1]) {
  for (const [code, { runs, say }] of Object.entries(reactions))
    console.log(`${code}\t${runs ? 'run' : 'stop'}\t${say ?? ''}`);
}
