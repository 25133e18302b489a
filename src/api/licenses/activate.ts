import type { Pool } from 'pg';
import { z } from 'zod';
import { encodeId } from '../../domain/ids.ts';
import type { License, LicenseFacts } from '../../domain/license/license.ts';
import { trialReservations } from '../../domain/reservation/trial.ts';
import { aggregateId } from '../../eventstore/ids.ts';
import { fingerprintHashes } from '../../identity/fingerprint.ts';
import type { Secrets } from '../../identity/secrets.ts';
import { asTenant } from '../../projections/tenant.ts';
import { idempotently } from '../idempotency.ts';
import { isProblem, type Problem } from '../problems.ts';
import { clientRoute, none, type Reply, type Route } from '../route.ts';
import { productCode, text } from '../schemas.ts';
import { activationBody, activationShape } from './activation-shape.ts';
import { type ClientNeeds, findDevice, findUsableLicense, fingerprint, licenseNaming } from './client-license.ts';
import { type CommandNeeds, issuedFacts, type LicenseSending, sendLicenseCommand } from './send-command.ts';
import { withReserved } from './trial.ts';

export type ClientCommandNeeds = ClientNeeds & CommandNeeds;

/** How many activations a license has and may have. */
export const usageShape = z.strictObject({ activations: z.strictObject({ used: z.int(), max: z.int() }) });

// What goes into events must not be free text, in which a name could hide.
const word = (example: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._+/-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces and . _ + / -')
    .meta({ example });

const body = z
  .strictObject({
    ...licenseNaming,
    fingerprint,
    product: productCode.optional(),
    name: text(200).optional(),
    platform: word('linux').optional(),
    appVersion: word('2.1.0').optional(),
  })
  .meta({
    id: 'ActivateLicense',
    example: {
      licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
      product: 'local_cli',
      fingerprint: '3f9c1a77d0e4',
      name: 'build-7',
      platform: 'linux',
    },
  });

const answer = z.strictObject({
  activation: activationShape,
  changed: z.boolean(),
  limits: usageShape,
  revision: z.int(),
});

/** POST /v1/licenses/activate: binds a device to the license, once per fingerprint. */
export const activateLicense = (needs: ClientCommandNeeds): Route =>
  clientRoute({
    method: 'post',
    path: '/v1/licenses/activate',
    operationId: 'activateLicense',
    summary: 'Activate a license on a device',
    description:
      'A device that is activated already is answered with its activation, for whichever product it asks. A device has one trial of a product.',
    tag: 'Client',
    permission: 'useLicenses',
    effect: 'append',
    request: z.object({ params: none, query: none, body }),
    replies: {
      200: { description: 'The device was activated before.', body: answer },
      201: { description: 'Activated.', body: answer },
    },
    rejections: [
      ...(['LICENSE_KEY_MALFORMED', 'LICENSE_NOT_FOUND', 'FORBIDDEN', 'LICENSE_REVOKED', 'LICENSE_SUSPENDED'] as const),
      ...(['LICENSE_EXPIRED', 'LICENSE_NOT_STARTED', 'PRODUCT_NOT_LICENSED', 'ACTIVATION_LIMIT_EXCEEDED'] as const),
      'CODE_TAKEN',
    ],
    handle: async ({ body: asked }, call) => {
      const client = await findUsableLicense(needs, call, asked);
      if (isProblem(client)) return client;
      const { found, actor } = client;
      const refusal = await call.limits.take('activate', found.facts.licenseId);
      if (refusal !== null) return refusal;
      const organizationId = found.facts.issuerOrgId;
      const { hash } = await findDevice(needs, found, asked.fingerprint);
      const request = { organizationId, principal: actor.id, operation: 'activateLicense', input: asked };
      return idempotently(needs, call, request, (attempt) =>
        activate(needs, { call, attempt, actor, facts: found.facts, fingerprintHash: hash, asked }),
      );
    },
  });

type Activation = Pick<LicenseSending, 'call' | 'attempt' | 'actor'> & {
  readonly facts: LicenseFacts;
  readonly fingerprintHash: string;
  readonly asked: z.output<typeof body>;
};

const activate = async (needs: ClientCommandNeeds, activation: Activation): Promise<Reply | Problem> => {
  const { call, attempt, actor, facts, fingerprintHash, asked } = activation;
  const { licenseId, issuerOrgId, holderOrgId } = facts;
  const { product = null, name = null, platform = null, appVersion = null } = asked;
  const activationId = encodeId('act', aggregateId(attempt.commandId, 'activation'));
  const nameRef = name === null ? null : encodeId('ref', aggregateId(attempt.commandId, 'device name'));
  const about = { issuerOrgId, holderOrgId, kind: 'DEVICE_NAME', subject: activationId } as const;
  const sending: LicenseSending = {
    call,
    attempt,
    actor,
    sender: 'key holder',
    issuerOrgId,
    licenseId,
    reason: null,
    values: nameRef === null || name === null ? [] : [{ ...about, ref: nameRef, value: name }],
    command: {
      type: 'Activate',
      at: needs.now(),
      data: { activationId, fingerprintHash, product, nameRef, platform, appVersion },
    },
  };
  const reserving = { executor: needs.executor, call, attempt, actor, at: sending.command.at, issuerOrgId, licenseId };
  const sent = await withReserved(reserving, neededFor(needs.secrets, facts, asked.fingerprint), () =>
    sendLicenseCommand(needs, sending, (license) => ({
      facts: issuedFacts(license),
      open: openActivation(license, fingerprintHash),
    })),
  );
  if (isProblem(sent)) return sent;

  const { view, outcome, events, revision, position } = sent;
  const changed = outcome !== 'unchanged';
  // A repeated command is answered as it was, even where the device was released since.
  const activatedAt = String(events[0]?.metadata.recordedAt);
  const made = { activationId, product, nameRef, platform, appVersion, activatedAt };
  const shown = changed ? made : (view.open ?? made);
  const shownName = changed ? name : await nameOf(needs.pool, issuerOrgId, shown.nameRef);
  return {
    status: changed ? 201 : 200,
    body: {
      activation: activationBody({ ...shown, licenseId, name: shownName }),
      changed,
      limits: { activations: { used: view.facts.usage.activations, max: view.facts.limits.activations } },
      revision: Number(revision),
    },
    position: position.commit,
  };
};

// Under every secret: a device stays known when the secret that signs is another one by now.
const neededFor = (secrets: Secrets, { policy, issuerOrgId, products }: LicenseFacts, value: string) =>
  policy.type === 'TRIAL'
    ? fingerprintHashes(secrets, issuerOrgId, value).flatMap((fingerprintHash) =>
        trialReservations({ issuerOrgId, products, holderOrgId: null, fingerprintHash }),
      )
    : [];

const openActivation = (license: License, fingerprintHash: string) => {
  if (license.kind === 'unissued') return undefined;
  const activationId = license.byFingerprint.get(fingerprintHash);
  return activationId === undefined ? undefined : license.activations.get(activationId);
};

const nameOf = async (pool: Pool, issuerOrgId: string, ref: string | null): Promise<string | null> => {
  if (ref === null) return null;
  const { rows } = await asTenant(pool, issuerOrgId, (db) =>
    db.query<{ value: string }>({
      name: 'device-name',
      text: 'select value from vault.personal_values where ref = $1',
      values: [ref],
    }),
  );
  return rows[0]?.value ?? null;
};
