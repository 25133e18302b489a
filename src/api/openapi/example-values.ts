import { builtInPolicyIds } from '../../aggregates/derived-ids.ts';
import type { PageDemo } from '../pages/local-guide.ts';

/** The values in the examples of openapi.json that stand for an organization, a license and its key. */
export const documentedExamples = {
  organizationId: 'org_01h455vb4pex5vsknk084sn02q',
  licenseId: 'lic_01h455vb4pex5vsknk084sn02q',
  licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
  policyId: 'pol_01h455vb4pex5vsknk084sn02q',
} as const;

/**
 * Returns what /docs shows in place of the examples of openapi.json, so that they work on the demo: example by value.
 * Empty without a demo.
 */
export const exampleValues = (demo: PageDemo | null): Readonly<Record<string, string>> =>
  demo === null
    ? {}
    : {
        [documentedExamples.organizationId]: demo.organizationId,
        [documentedExamples.licenseId]: demo.licenseId,
        [documentedExamples.licenseKey]: demo.licenseKey,
        [documentedExamples.policyId]: builtInPolicyIds(demo.organizationId).PRO,
      };
