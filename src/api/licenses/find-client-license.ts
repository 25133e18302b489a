import { z } from 'zod';
import { actorOf, licenseActingOf } from '../../application/caller.ts';
import type { ClientNeeds, ClientRequest, usableLicense } from '../../application/client-license.ts';
import type { DeviceNeeds } from '../../application/devices/device-request.ts';
import { isRefusal } from '../../application/refusal.ts';
import { type LicenseActing, noSuchLicense } from '../../domain/license/license-authority.ts';
import type { Actor } from '../../eventstore/envelope.ts';
import { licenseKeyHashes, parseLicenseKey } from '../../identity/license-key.ts';
import type { ValidationFacts, ValidationReader } from '../../projections/queries/validation.ts';
import { type Authenticate, authorize, credentialIn } from '../authorize.ts';
import { idempotently } from '../idempotency/idempotency.ts';
import { isProblem, type Problem, problem, refused } from '../problems/problems.ts';
import type { Call, Reply } from '../route.ts';
import { idOf } from '../schemas.ts';

/** The needs of finding the license that a client names. */
export type NamingNeeds = ClientNeeds & { readonly authenticate: Authenticate };

/** The needs of the operations of clients. */
export type ClientRouteNeeds = NamingNeeds & DeviceNeeds;

/**
 * The members that name a license in the body of a client: the key, unless the Authorization header has it, or the id.
 */
export const licenseNaming = {
  licenseKey: z.string().min(1).max(100).optional().meta({
    description: 'The key of the license. It can stand in the header Authorization: License instead.',
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

/**
 * Finds the license that a client names: by its key in the body or in `Authorization: License`, or by its id with a
 * credential of an organization. The key alone is enough: another credential is ignored. A rotated key finds the
 * license too, so that a validation can say that the key was rotated. Other operations go through `answerClient`. A use
 * of the key counts in `bucket`. An unknown key counts for the address of the client, and only unknown keys are refused
 * for that. So nobody behind the same address is locked out. (Nobody can guess a key: it has 130 random bits.)
 */
export const findClientLicense = async (
  { authenticate, validations, secrets }: NamingNeeds,
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
    return problem('LICENSE_KEY_MALFORMED', 'This is not a license key. It is mistyped or incomplete. Check the key.');
  }
  const hashes = licenseKeyHashes(secrets, body);
  const refusal = bucket === undefined ? null : await call.limits.take(bucket, keyName(hashes));
  if (refusal !== null) return refusal;
  const license = await validations.byKey(hashes);
  if (license === null) return (await call.limits.takeForAddress('unknown_key')) ?? { license, acting: null };
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
  /** Counts the request for its license. */
  readonly bucket?: Parameters<Call['limits']['take']>[0];
};

/** Carries out a client's request about the license that it names, once per Idempotency-Key. */
export const answerClient = async (
  needs: ClientRouteNeeds,
  call: Call,
  { operation, named, input, admit, bucket }: ClientOperation,
  work: (request: ClientRequest) => Promise<Reply | Problem>,
): Promise<Reply | Problem> => {
  const client = await findClientLicense(needs, call, named);
  if (isProblem(client)) return client;
  const { acting } = client;
  const license = admit(client.license, needs.now());
  if (isRefusal(license)) return refused(license);
  if (acting === null) return refused(noSuchLicense);
  const { issuerOrgId, licenseId } = license.facts;
  const refusal = bucket === undefined ? null : await call.limits.take(bucket, licenseId);
  if (refusal !== null) return refusal;
  const recognized = typeof input === 'function' ? input(licenseId) : input;
  const request = { organizationId: issuerOrgId, principal: acting.actor.id, operation, input: recognized };
  return idempotently(needs, call, request, (attempt) => work({ call, attempt, ...acting, license }));
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
    const detail = 'Name the license with licenseKey, or with licenseId and an API key.';
    return problem('INVALID_REQUEST', detail, [{ pointer: '/licenseKey', detail }]);
  }
  return {
    license: await validations.byId(caller.organizationId, licenseId),
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
