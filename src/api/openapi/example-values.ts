import { builtInPolicyIds } from '../../aggregates/built-in-policy-ids.ts';
import type { PageDemo } from '../pages/local-guide.ts';

/** The values in the examples of openapi.json that stand for an organization, a license and its key. */
export const documentedExamples = {
  organizationId: 'org_01h455vb4pex5vsknk084sn02q',
  licenseId: 'lic_01h455vb4pex5vsknk084sn02q',
  licenseKey: 'LL-01234-56789-ABCDE-FGHJK-MNPQR-SYQV9',
  policyId: 'pol_01h455vb4pex5vsknk084sn02q',
} as const;

/** What /docs shows in place of the examples of openapi.json, so that they work on the demo. */
export type DemoExamples = {
  /** Value by documented example. */
  readonly values: Readonly<Record<string, string>>;
  /** The address of the OWNER. Null without one. */
  readonly email: string | null;
};

/** Returns the examples for a demo. Without one nothing is replaced. */
export const demoExamples = (demo: PageDemo | null): DemoExamples => {
  if (demo === null) return { values: {}, email: null };
  return {
    values: {
      [documentedExamples.organizationId]: demo.organizationId,
      [documentedExamples.licenseId]: demo.licenseId,
      [documentedExamples.licenseKey]: demo.licenseKey,
      [documentedExamples.policyId]: builtInPolicyIds(demo.organizationId).PRO,
    },
    email: demo.email ?? null,
  };
};
