import { licenseAggregate } from '../../../aggregates/aggregates.ts';
import { denialOf } from '../../../application/observing/denial-of.ts';
import type { Activation, LicenseFacts } from '../../../domain/license/license.ts';
import { status } from '../../../domain/license/status.ts';
import { earlier, type Instant, plusSeconds } from '../../../domain/time.ts';
import { asTenant } from '../../../postgres/tenant.ts';
import { type DeviceSighting, recordSightings } from '../../../records/device-sightings.ts';
import { type NewDenial, recordDenials } from '../../../records/license-denials.ts';
import { addValidationCounts, type ValidationCount } from '../../../records/validation-counts.ts';
import { licenseStories } from './license-stories.ts';
import type { Simulation, SimulationNeeds } from './simulation.ts';

const validatedDays = 120;

type UsedLicense = { readonly facts: LicenseFacts; readonly devices: readonly Activation[] };

/**
 * Records what the applications of Acme Tools would have been observed to do: when a device was seen, how often a license
 * was validated, and what was denied. Does nothing when it is recorded. The read models contain the licenses.
 */
export const observeUse = async (needs: SimulationNeeds, simulation: Simulation, now: Instant): Promise<void> => {
  const licenses: UsedLicense[] = [];
  for (const { license } of licenseStories) {
    const used = await needs.executor.read(licenseAggregate, simulation.licenseId(license), (state) =>
      state.kind === 'unissued' ? null : { facts: state.facts, devices: [...state.activations.values()] },
    );
    if (used !== null) licenses.push(used);
  }
  await asTenant(
    needs.pool,
    simulation.organizationId,
    async (db) => {
      const { rowCount } = await db.query('select from ops.validation_counts where issuer_org_id = $1 limit 1', [
        simulation.organizationId,
      ]);
      if (rowCount !== 0) return;
      await recordSightings(
        db,
        licenses.flatMap((license) => sightingsOf(license, now)),
      );
      await recordDenials(
        db,
        licenses.flatMap((license) => denialsOf(license, now)),
      );
      await addValidationCounts(
        db,
        licenses.flatMap((license) => countsOf(license, now)),
      );
    },
    { readOnly: false },
  );
};

/** Returns until when a license was used: now, or the instant at which it stopped. */
const usedUntil = ({ facts }: UsedLicense, now: Instant): Instant =>
  [facts.revokedAt, facts.suspension?.since, facts.term.expiresAt].reduce<Instant>(
    (until, end) => (end === null || end === undefined ? until : earlier(until, end)),
    now,
  );

const ownerOf = ({ facts: { issuerOrgId, holderOrgId, licenseId } }: UsedLicense) => ({
  issuerOrgId,
  holderOrgId,
  licenseId,
});

const sightingsOf = (license: UsedLicense, now: Instant): readonly DeviceSighting[] =>
  license.devices.map(({ fingerprintHash, appVersion, product, activatedAt }, place) => {
    const seenAt = plusSeconds(usedUntil(license, now), -(place * place * 37 + 1) * 3_600);
    return {
      ...ownerOf(license),
      fingerprintHash,
      lastSeenAt: seenAt > activatedAt ? seenAt : activatedAt,
      version: appVersion,
      product,
    };
  });

const countsOf = (license: UsedLicense, now: Instant): readonly ValidationCount[] => {
  const devices = license.devices.length;
  const until = usedUntil(license, now);
  const product = license.facts.products[0] ?? null;
  if (devices === 0) return [];
  return Array.from({ length: validatedDays }, (_, back) => plusSeconds(now, -(back + 1) * 86_400))
    .filter((at) => at < until && at > license.facts.createdAt)
    .map((at, place) => ({
      ...ownerOf(license),
      day: at.slice(0, 10),
      product,
      validations: devices * 3 + ((place * 7 + devices) % 5),
      denied: 0,
      lastValidatedAt: at,
    }));
};

/** The denials of the last days: devices of a full or stopped license. */
const denialsOf = (license: UsedLicense, now: Instant): readonly NewDenial[] => {
  const { facts } = license;
  const code = denialCodes[status(facts, now)];
  if (code === undefined || license.devices.length === 0) return [];
  return [2, 9, 27].map((hours, place) =>
    denialOf(
      facts,
      {
        product: facts.products[0] ?? null,
        version: '2.1.0',
        fingerprintHash: license.devices[place]?.fingerprintHash ?? null,
        clientNetwork: () => '',
      },
      { code, deniedAt: plusSeconds(now, -hours * 3_600) },
    ),
  );
};

const denialCodes: Readonly<Record<string, string | undefined>> = {
  SUSPENDED: 'SUSPENDED',
  EXPIRED: 'EXPIRED',
};
