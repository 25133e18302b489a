import type { Answer, Ledger } from '../../support/ledger.ts';

/** An answer of every operation that changes a license, by operation: to hold it against what its route declares. */
export const answersOfChanges = async ({ a, b, call, issue }: Ledger): Promise<Readonly<Record<string, Answer>>> => {
  const send = (method: string, path: string, body?: object) =>
    call(method, `/v1/licenses${path}`, { key: a.apiKey, body });
  const { licenseId, licenseKey } = await issue({
    limits: { activations: 5, seats: 2, users: 2, meters: { builds: 9 } },
  });
  const path = `/${licenseId}`;
  const { body } = await send('POST', '/activate', { licenseKey, fingerprint: 'every answer', name: 'build-7' });
  const trial = await issue({ tier: 'TRIAL' });
  const later = '2099-01-01T00:00:00Z';
  const announced = await send('POST', `${path}/suspend`, { reason: { code: 'PAYMENT' }, effectiveAt: later });
  const scheduled = announced.body.license?.scheduled?.[0]?.eventId;
  const assigned = await send('POST', `${path}/users`, { user: 'ada@example.com' });
  return {
    importLicense: await send('POST', '/import', {
      ...{ source: 'old_shop', sourceRef: 'every answer', historyFrom: '2024-01-01T00:00:00Z' },
      ...{ tier: 'PRO', products: ['local_cli'], term: { duration: 'P1Y', basis: 'FIRST_ACTIVATION' } },
    }),
    changeLicense: await send('PATCH', path, { externalRef: 'sub_456', metadata: { note: [1, 'two'] } }),
    changeLicenseExpiry: await send('POST', `${path}/expiry`, { to: later, reason: { code: 'GOODWILL' } }),
    setLicenseRenewal: await send('POST', `${path}/renewal`, { to: 'auto', effectiveAt: later }),
    changeLicenseTier: await send('POST', `${path}/tier`, { tier: 'FREE', effectiveAt: later }),
    changeLicensePolicy: await send('POST', `${path}/policy`, { policyId: assigned.body.license?.policy?.id }),
    convertTrial: await send('POST', `/${trial.licenseId}/convert`, { tier: 'PRO' }),
    changeLicenseLimits: await send('POST', `${path}/limits`, { limits: { users: 3, meters: { builds: null } } }),
    changeLicenseProducts: await send('POST', `${path}/products`, { add: ['workflow_app'], remove: ['cloud_ide'] }),
    changeLicenseEntitlements: await send('POST', `${path}/entitlements`, { grant: { code: 'export', limit: 5 } }),
    assignLicenseUser: assigned,
    listLicenseUsers: await send('GET', `${path}/users`),
    unassignLicenseUser: await send('DELETE', `${path}/users/${assigned.body.user}`),
    rotateLicenseKey: await send('POST', `${path}/rotate-key`, { overlapSeconds: 60 }),
    transferLicense: await send('POST', `${path}/transfer`, {
      ...{ toHolderOrganizationId: b.organizationId, accepted: true },
    }),
    releaseActivation: await send('DELETE', `${path}/activations/${body.activation?.id}`),
    cancelScheduledChange: await send('POST', `${path}/cancel-scheduled`, { eventId: scheduled }),
  };
};
