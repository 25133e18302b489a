import { importedLicenseId } from '../../../aggregates/derived-ids.ts';
import { reject } from '../../../domain/decider.ts';
import type { ImportSource } from '../../../domain/license/issue/issue-events.ts';
import type { Refusal } from '../../refusal.ts';
import type { KeyNeeds } from '../rotate-key.ts';
import { type CreatedLicense, type CreationRequest, createLicense, type NewLicense } from './create-license.ts';

/** A license of another system. */
export type Importing = NewLicense & ImportSource;

/** Imports a license from another system, once per source and its reference there. It gets a new key. */
export const importLicense = async (
  needs: KeyNeeds,
  request: CreationRequest,
  importing: Importing,
): Promise<CreatedLicense | Refusal> => {
  const { source, sourceRef, historyFrom } = importing;
  const at = needs.now();
  const licenseId = importedLicenseId(request.caller.organizationId, source, sourceRef);
  return createLicense(needs, request, importing, {
    licenseId,
    at,
    command: (origination) => ({
      type: 'ImportLicense',
      at,
      data: { ...origination, source, sourceRef, historyFrom },
    }),
    guard: () => importedAlready(licenseId),
  });
};

const importedAlready = (licenseId: string): Refusal => ({
  ...reject('CODE_TAKEN', 'This license was already imported.', 'sourceRef'),
  details: { licenseId },
});
