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
import { idempotently } from '../idempotency.ts';
import { isProblem, type Problem, problem, refused } from '../problems.ts';
import type { Call, Reply } from '../route.ts';
import { idOf } from '../schemas.ts';

/** What finds the license that a client names. */
export type NamingNeeds = ClientNeeds & { readonly authenticate: Authenticate };

/** What the operations of clients need. */
export type ClientRouteNeeds = NamingNeeds & DeviceNeeds;

/**
 * How the body of a client's request names its license: by key, unless that is in the Authorization header, or by id.
 */
export const licenseNaming = {
  licenseKey: z.string().min(1).max(100).optional().meta({
    description: 'The key of the license; or in Authorization: License.',
    example: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
  }),
  licenseId: idOf('lic', 'lic_01h455vb4pex5vsknk084sn02q')
    .optional()
    .meta({ description: "The license, with an organization's credential in place of its key." }),
};

/** Who acts on a license for a client, as events and idempotency name it and as the license's stream judges it. */
type Acting = { readonly actor: Actor; readonly by: LicenseActing };

/** A license that a client named, null when there is none, and who acts on it. */
export type ClientLicense = { readonly license: ValidationFacts | null; readonly acting: Acting | null };

type LicenseNaming = { readonly licenseKey?: string | undefined; readonly licenseId?: string | undefined };

/**
 * Finds the license that a client names: with its key in the body or in `Authorization: License`, or by its id with an
 * organization's credential. The key alone is enough; a credential beside it is not looked at. A key that was rotated
 * finds it, too: to validate, which says so. Whatever else a client does goes by `answerClient`. A use of the key
 * counts in `bucket`, and an unknown key for the address it came from: only what is unknown is refused then, so that
 * nobody behind the same address is locked out. (A key is not guessed at any rate: it has 130 random bits.)
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
    return problem('LICENSE_KEY_MALFORMED', 'This is not a license key: it is mistyped or incomplete.');
  }
  const hashes = licenseKeyHashes(secrets, body);
  const refusal = bucket === undefined ? null : await call.limits.take(bucket, keyName(hashes));
  if (refusal !== null) return refusal;
  const license = await validations.byKey(hashes);
  if (license === null) return (await call.limits.takeForAddress('unknown_key')) ?? { license, acting: null };
  call.actsFor(license.facts.issuerOrgId);
  const { facts, keyVersion } = license;
  const actor = { type: 'CLIENT', id: facts.licenseId, onBehalfOf: null } as const;
  return { license, acting: { actor, by: { kind: 'keyHolder', keyVersion: keyVersion ?? facts.keyVersion } } };
};

/** A client's request as it is recognized when it is sent again, and what admits it. */
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
    const detail = 'Name the license: licenseKey, or licenseId with an API key.';
    return problem('INVALID_REQUEST', detail, [{ pointer: '/licenseKey', detail }]);
  }
  return {
    license: await validations.byId(caller.organizationId, licenseId),
    acting: { actor: actorOf(caller), by: licenseActingOf(caller) },
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
