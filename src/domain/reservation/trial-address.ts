import type { TrialAddressVariation } from '../license/policy.ts';

/**
 * Returns the forms of an e-mail address that a trial of its owner reserves: the address itself, and without the
 * variations that a policy ignores. Two addresses with a common form are one person's. The case of a domain never
 * matters. Returns each form once.
 */
export const addressForms = (address: string, ignored: readonly TrialAddressVariation[]): readonly string[] => {
  const text = address.trim().normalize('NFC');
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, at), text.slice(at + 1).toLowerCase()];
  return [...new Set([local, withoutVariations(local, new Set(ignored))])].map((form) => `${form}@${domain}`);
};

const withoutVariations = (local: string, ignored: ReadonlySet<TrialAddressVariation>): string => {
  let form = local;
  // A tag before any name is the whole name.
  if (ignored.has('TAG') && form.indexOf('+') > 0) form = form.slice(0, form.indexOf('+'));
  if (ignored.has('DOTS')) form = form.replaceAll('.', '');
  return ignored.has('CASE') ? form.toLowerCase() : form;
};
