import { z } from 'zod';
import { actorOf, licenseActingOf } from '../../application/caller.ts';
import type { ClientNeeds, ClientRequest, usableLicense } from '../../application/client-license.ts';
import type { DeviceNeeds } from '../../application/devices/device-request.ts';
import type { ObservingNeeds } from '../../application/observing/note-validation.ts';
import { isRefusal } from '../../application/refusal.ts';
import { productsOf } from '../../domain/authority.ts';
import { isKeyRotated } from '../../domain/license/keys/key-rotation.ts';
import { type LicenseActing, type LicensePower, noSuchLicense } from '../../domain/license/license-authority.ts';
import { licenseSize, noLicenseSize } from '../../domain/license/usage/license-size.ts';
import type { Instant } from '../../domain/time.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import { licenseKeyHashes, licenseKeyTextMax, parseLicenseKey } from '../../identity/license-key.ts';
import { withinProductScope } from '../../postgres/product-scope.ts';
import type { ValidationFacts } from '../../projections/queries/validation.ts';
import type { KeyBucket } from '../../rate-limits.ts';
import { type Authenticate, authorize, credentialIn } from '../authorize.ts';
import { placeOf } from '../http/client-ip.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { isProblem, type Problem, problem, refused } from '../problems/problems.ts';
import type { Call, Reply } from '../route.ts';
import { idOf } from '../schemas.ts';

/** The needs of finding the license that a client names. */
export type NamingNeeds = ClientNeeds & { readonly authenticate: Authenticate; readonly now: () => Instant };

/** The needs of the operations of clients. */
export type ClientRouteNeeds = NamingNeeds &
  DeviceNeeds &
  ObservingNeeds & {
    /** Aborts when the server is to stop. */
    readonly stopping?: AbortSignal;
  };

/**
 * The members that name a license in the body of a client: the key, unless the Authorization header has it, or the id.
 */
export const licenseNaming = {
  licenseKey: z.string().min(1).max(licenseKeyTextMax).optional().meta({
    description:
      'The key of the license, as a person pasted it. It can stand in the header Authorization: License instead.',
    example: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
  }),
  licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q')
    .optional()
    .meta({ description: 'The id of the license, together with a credential of an organization instead of the key.' }),
};

/** The refusals of an operation that uses a license: the license is unknown, or may not be used now. */
export const useRejections = [
  'LICENSE_KEY_MALFORMED',
  'LICENSE_NOT_FOUND',
  'LICENSE_REVOKED',
  'LICENSE_SUSPENDED',
  'LICENSE_EXPIRED',
  'LICENSE_NOT_STARTED',
  'ORGANIZATION_CLOSED',
] as const;

/** The actor for events and idempotency, and the same actor as the stream of the license judges it. */
type Acting = { readonly actor: Actor; readonly by: LicenseActing };

/** The license that a client names, or null when it does not exist, and who acts on it. */
export type ClientLicense = { readonly license: ValidationFacts | null; readonly acting: Acting | null };

type LicenseNaming = { readonly licenseKey?: string | undefined; readonly licenseId?: string | undefined };

/** What a use of a key counts in, and for how many requests; without a number it counts for one. */
type Counting = KeyBucket | { readonly bucket: KeyBucket; readonly units: number };
/** How a client names its license, the bucket that counts a key, and the power that a credential needs. */
type Naming = LicenseNaming & { readonly bucket: Counting; readonly power?: LicensePower };

/**
 * Finds the license that a client names: by its key in the body or in `Authorization: License`, or by its id with a
 * credential of an organization. The key alone is enough: another credential is ignored. A rotated key finds the
 * license too, so that a validation can say that the key was rotated. Other operations go through `answerClient`. Its
 * quota does not show the size of the license.
 *
 * A use of a key counts in `counting`, whose quota grows with the license. It counts by the key, so that a rotated key,
 * or a stranger's use of the key, takes nothing from a credential of an organization. An unknown key counts for the
 * address of the client, and only unknown keys are refused for that. So nobody behind the same address is locked out.
 * (Nobody can guess a key: it has 130 random bits.)
 */
export const findClientLicense = async (
  { authenticate, validations, secrets, now }: NamingNeeds,
  call: Call,
  { bucket: counting, power = 'useLicenses', licenseKey: namedKey, licenseId }: Naming,
): Promise<ClientLicense | Problem> => {
  const { bucket, units } = typeof counting === 'string' ? { bucket: counting, units: 1 } : counting;
  const licenseKey = namedKey ?? credentialIn(call.headers, 'license');
  if (licenseKey === null) return byId({ authenticate, validations }, call, licenseId, power);
  if (licenseId !== undefined) {
    return problem('INVALID_REQUEST', 'Name the license by its key or by its id, not by both.');
  }
  const body = parseLicenseKey(licenseKey);
  if (body === null) {
    return problem('LICENSE_KEY_MALFORMED', 'This is not a license key. It is mistyped or incomplete. Check the key.');
  }
  const hashes = licenseKeyHashes(secrets, body);
  const { limits } = call;
  const key = keyName(hashes);
  // While the size of the license is known, a used-up key does not reach the database.
  const size = limits.sizeOf(key);
  const early = size === undefined ? null : await limits.takeForKey(bucket, key, size, units);
  if (early !== null) return early;
  const license = await validations.byKey(hashes);
  // Unknown keys are not counted by key: a flood of them would use up the memory for counts.
  if (license === null) return (await limits.takeForAddress('unknown_key')) ?? { license, acting: null };
  if (size === undefined) {
    const isRotated = isKeyRotated(license.facts, license.keyVersion, now());
    const readSize = isRotated ? noLicenseSize : licenseSize(license.facts);
    limits.noteSize(key, readSize);
    const refusal = await limits.takeForKey(bucket, key, readSize, units);
    if (refusal !== null) return refusal;
  }
  call.actsFor(license.facts.issuerOrgId);
  call.actsAs(license.facts.licenseId);
  const { facts, keyVersion } = license;
  const actor = { type: 'CLIENT', id: facts.licenseId, onBehalfOf: null } as const;
  return { license, acting: { actor, by: { kind: 'keyHolder', keyVersion: keyVersion ?? facts.keyVersion } } };
};

/** A request of a client, with what recognizes its repetition and what admits its license. */
type ClientOperation = {
  readonly operation: string;
  readonly named: LicenseNaming;
  readonly input: object | ((licenseId: string) => object);
  /** Refuses a license that the client may not use. */
  readonly admit: typeof usableLicense;
  /** Counts the request when it names the license by its key. */
  readonly bucket: Counting;
  /** The power that a credential of an organization needs; absent: it uses the license. */
  readonly power?: LicensePower;
};

/** Carries out a client's request about the license that it names, once per Idempotency-Key. */
export const answerClient = async (
  needs: ClientRouteNeeds,
  call: Call,
  { operation, named, input, admit, bucket, power }: ClientOperation,
  work: (request: ClientRequest) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const { licenseKey, licenseId: namedId } = named;
  const naming = { licenseKey, licenseId: namedId, bucket, ...(power === undefined ? {} : { power }) };
  const client = await findClientLicense(needs, call, naming);
  if (isProblem(client)) return client;
  const { acting } = client;
  const license = admit(client.license, needs.now());
  if (isRefusal(license)) return refused(license);
  if (acting === null) return refused(noSuchLicense);
  const { issuerOrgId, licenseId } = license.facts;
  const recognized = typeof input === 'function' ? input(licenseId) : input;
  const request = { organizationId: issuerOrgId, principal: acting.actor.id, operation, input: recognized };
  return idempotently(needs, call, request, (attempt) =>
    work({ call, attempt, ...acting, license, clientNetwork: () => placeOf(call.clientIp()) }),
  );
};

const byId = async (
  { authenticate, validations }: Pick<NamingNeeds, 'authenticate' | 'validations'>,
  call: Call,
  licenseId: string | undefined,
  power: LicensePower,
): Promise<ClientLicense | Problem> => {
  const caller = await authorize(authenticate, call, power);
  if (isProblem(caller)) {
    return caller.problem === 'UNAUTHENTICATED' && credentialIn(call.headers, 'bearer') === null
      ? noCredential
      : caller;
  }
  if (licenseId === undefined) {
    const detail = 'Name the license with licenseKey, or with licenseId and an API key.';
    return problem('INVALID_REQUEST', detail, [{ pointer: '/licenseKey', detail }]);
  }
  return {
    license: await withinProductScope(productsOf(caller), () => validations.byId(caller.organizationId, licenseId)),
    acting: { actor: actorOf(caller), by: licenseActingOf(caller) },
  };
};

// The beginning of the hash tells keys apart and saves memory at a thousand validations a second.
const keyName = ([hash]: readonly Buffer[]): string => hash?.toString('base64url', 0, 12) ?? '';

const noCredential: Problem = {
  ...problem(
    'UNAUTHENTICATED',
    'Send the license key, as licenseKey or as Authorization: License <key>, or an API key.',
  ),
  headers: { 'WWW-Authenticate': 'License, Bearer' },
};
