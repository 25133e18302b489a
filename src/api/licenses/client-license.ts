import { z } from 'zod';
import { isKeyRotated } from '../../domain/license/validate.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import { licenseKeyHashes, parseLicenseKey } from '../../identity/license-key.ts';
import type { Secrets } from '../../identity/secrets.ts';
import type { ValidationFacts, ValidationReader } from '../../projections/validation.ts';
import { authorize, credentialIn } from '../authorize.ts';
import { type Authenticate, actorOf } from '../caller.ts';
import { isProblem, type Problem, problem } from '../problems.ts';
import type { Call } from '../route.ts';
import { idOf } from '../schemas.ts';

export type ClientNeeds = {
  readonly authenticate: Authenticate;
  readonly validations: ValidationReader;
  readonly secrets: Secrets;
};

/** How the body of a client's request names its license: by key, unless that is in the Authorization header, or by id. */
export const licenseNaming = {
  licenseKey: z.string().min(1).max(100).optional().meta({
    description: 'The key of the license; or in Authorization: License.',
    example: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
  }),
  licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q')
    .optional()
    .meta({ description: "The license, with an organization's credential in place of its key." }),
};

/** A license that a client named, null when there is none, and who it is in events and for idempotency. */
export type ClientLicense = { readonly found: ValidationFacts | null; readonly actor: Actor | null };

type LicenseNaming = { readonly licenseKey?: string | undefined; readonly licenseId?: string | undefined };

/**
 * Finds the license that a client names: with its key in the body or in `Authorization: License`, or by its id with an
 * organization's credential. The key alone is enough; a credential beside it is not looked at. A key that was rotated finds
 * it, too: to validate, which says so. Whatever else a client may do goes by `findUsableLicense`. A use of the key counts in
 * `bucket`, and an unknown key for the address it came from: only what is unknown is refused then, so that nobody behind the
 * same address is locked out. (A key is not guessed at any rate: it has 130 random bits.)
 */
export const findClientLicense = async (
  { authenticate, validations, secrets }: ClientNeeds,
  call: Call,
  named: LicenseNaming,
  bucket?: 'validate',
): Promise<ClientLicense | Problem> => {
  const licenseKey = named.licenseKey ?? credentialIn(call.headers, 'license');
  if (licenseKey === null) return byId(authenticate, validations, call, named.licenseId);
  if (named.licenseId !== undefined) {
    return problem('INVALID_REQUEST', 'Name the license by its key or by its id, not by both.');
  }
  const body = parseLicenseKey(licenseKey);
  if (body === null) {
    return problem('LICENSE_KEY_MALFORMED', 'This is not a license key: it is mistyped or incomplete.');
  }
  const hashes = licenseKeyHashes(secrets, body);
  const refusal = bucket === undefined ? null : await call.limits.take(bucket, keyName(hashes));
  if (refusal !== null) return refusal;
  const found = await validations.byKey(hashes);
  if (found === null) return (await call.limits.takeForAddress('unknown_key')) ?? { found, actor: null };
  call.actsFor(found.facts.issuerOrgId);
  return { found, actor: { type: 'CLIENT', id: found.facts.licenseId, onBehalfOf: null } };
};

/**
 * Finds the license of which a client gives something back. One that is unknown, or named by a key that was rotated and whose
 * overlap is over, is refused alike: whoever has an old key learns nothing.
 */
export const findKnownLicense = async (
  needs: UseNeeds,
  call: Call,
  named: LicenseNaming,
): Promise<KnownLicense | Problem> => {
  const client = await findClientLicense(needs, call, named);
  if (isProblem(client)) return client;
  const { found, actor } = client;
  if (found === null || actor === null || isKeyRotated(found.facts, found.keyVersion, needs.now()))
    return problem('LICENSE_NOT_FOUND', 'There is no such license.');
  return { found, actor };
};

/** Finds the license that a client is to use, as `findKnownLicense`; refused where its issuer is closed. */
export const findUsableLicense = async (
  needs: UseNeeds,
  call: Call,
  named: LicenseNaming,
): Promise<KnownLicense | Problem> => {
  const known = await findKnownLicense(needs, call, named);
  return !isProblem(known) && known.found.issuerClosed
    ? problem('ORGANIZATION_CLOSED', 'The organization that issued this license is closed.')
    : known;
};

type UseNeeds = ClientNeeds & { readonly now: () => Instant };

/** A license that exists, and who the client is in events and for idempotency. */
export type KnownLicense = { readonly found: ValidationFacts; readonly actor: Actor };

/** The hash under which a license has a device already, else the one that it would get; and whether it has it. */
export const findDevice = async (
  { secrets, validations }: ClientNeeds,
  found: ValidationFacts,
  value: string,
): Promise<{ readonly hash: string; readonly isActivated: boolean }> => {
  const { facts, fingerprintHashes: open, more } = found;
  const hashes = fingerprintHashes(secrets, facts.issuerOrgId, value);
  for (const hash of hashes) {
    if (open.includes(hash) || (more && (await validations.isActivated(found, hash))))
      return { hash, isActivated: true };
  }
  return { hash: hashes[0] ?? '', isActivated: false };
};

const byId = async (
  authenticate: Authenticate,
  validations: ValidationReader,
  call: Call,
  licenseId: string | undefined,
): Promise<ClientLicense | Problem> => {
  const caller = await authorize(authenticate, call, 'useLicenses');
  if (isProblem(caller)) {
    return caller.problem === 'UNAUTHENTICATED' && credentialIn(call.headers, 'bearer') === null
      ? noCredential
      : caller;
  }
  if (licenseId === undefined) {
    const detail = 'Name the license: licenseKey, or licenseId with an API key.';
    return problem('INVALID_REQUEST', detail, [{ pointer: '/licenseKey', detail }]);
  }
  return {
    found: await validations.byId(caller.organizationId, licenseId),
    actor: actorOf(caller),
  };
};

// Enough of a hash to tell keys apart, and no more of it in the memory of a thousand validations a second.
const keyName = ([hash]: readonly Buffer[]): string => hash?.toString('base64url', 0, 12) ?? '';

const noCredential: Problem = {
  ...problem(
    'UNAUTHENTICATED',
    'Send the license key, as licenseKey or as Authorization: License <key>, or an API key.',
  ),
  headers: { 'WWW-Authenticate': 'License, Bearer' },
};
