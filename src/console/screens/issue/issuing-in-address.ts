/** What an address says about the license to issue: its policy, and the revoked license that it replaces. */
export type Issuing = { readonly policy?: string; readonly replaces?: string };

/** Returns what an address says about the license to issue. Other values are ignored. */
export const issuingIn = ({ policy, replaces }: Record<string, unknown>): Issuing => ({
  ...(typeof policy === 'string' && policy.startsWith('pol_') ? { policy } : {}),
  ...(typeof replaces === 'string' && replaces.startsWith('lic_') ? { replaces } : {}),
});
