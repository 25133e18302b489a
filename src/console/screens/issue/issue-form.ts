import type { InputOf } from '@license-ledger/client';
import { exactInstantIn } from '../../parts/dates.ts';
import { isoDurationIn } from '../../parts/durations.ts';
import type { Row } from '../../parts/input-rows.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { License, Policy } from '../../types.ts';
import { limitIn, meterRequestIn } from './limit-texts.ts';
import { grantFaults, meterFaults } from './row-faults.ts';

/** What was typed into the form that issues a license. An empty text takes the value of the policy. */
export type IssueForm = {
  readonly policyId: string;
  /** Empty: the latest version. */
  readonly version: string;
  /** Null: those of the policy. */
  readonly products: readonly string[] | null;
  readonly term: keyof typeof issueTexts.changes.terms;
  readonly duration: string;
  readonly basis: keyof typeof issueTexts.changes.bases;
  readonly expiresAt: string;
  readonly startsAt: string;
  readonly activations: string;
  readonly seats: string;
  readonly users: string;
  readonly meters: readonly Row[];
  readonly grants: readonly Row[];
  readonly maintenanceUntil: string;
  readonly reference: string;
  readonly holder: string;
  readonly trialAddress: string;
  readonly reasonCode: string;
  readonly note: string;
  /** It has no field. */
  readonly metadata: License['metadata'];
  /** The instants that the form began with. A field that was not touched keeps them to the millisecond. */
  readonly exact: readonly string[];
};

/** The body of the request that issues a license. */
export type IssueBody = InputOf<'issueLicense'>['body'];

/** What is wrong with the fields of the form, by their names, and with those of rows by `placeInRow`. */
export type IssueFaults = Readonly<Record<string, string>>;

/** The catalog of a form. `policy`: the chosen version, once it is known. `archived`: codes of products not on sale. */
export type OnSale = { readonly policy: Policy | undefined; readonly archived: readonly string[] };

/** The form before anything was typed. */
export const emptyForm: IssueForm = {
  policyId: '',
  version: '',
  products: null,
  term: '',
  duration: '',
  basis: 'ISSUE',
  expiresAt: '',
  startsAt: '',
  activations: '',
  seats: '',
  users: '',
  meters: [],
  grants: [],
  maintenanceUntil: '',
  reference: '',
  holder: '',
  trialAddress: '',
  reasonCode: '',
  note: '',
  metadata: {},
  exact: [],
};

/** Returns what is wrong in a form. Empty when it can be sent. */
export const faultsOf = (form: IssueForm, archived: readonly string[]): IssueFaults => {
  const { faults } = issueTexts;
  const wrong: Record<string, string> = { ...meterFaults(form.meters), ...grantFaults(form.grants) };
  if (form.policyId === '') wrong.policyId = faults.missing;
  if (productsIn(form, archived)?.length === 0) wrong.products = faults.products;
  for (const name of ['activations', 'seats', 'users'] as const)
    if (limitIn(form[name]) === 'wrong') wrong[name] = faults.limit;
  if (form.term === 'duration' && isoDurationIn(form.duration) === null) wrong.duration = faults.duration;
  if (form.term === 'expiresAt' && exactInstantIn(form.expiresAt, []) === null) wrong.expiresAt = faults.instant;
  if (form.reasonCode !== '' && !/^[A-Z][A-Z0-9_]{0,49}$/.test(form.reasonCode)) wrong.reasonCode = faults.reason;
  if (form.reasonCode === '' && form.note.trim() !== '') wrong.reasonCode = faults.noteAlone;
  return wrong;
};

/** Returns the chosen products that are on sale. Null: those of the policy. */
const productsIn = ({ products }: IssueForm, archived: readonly string[]): string[] | null =>
  products?.filter((code) => !archived.includes(code)) ?? null;

/** Returns the body of the request. Fields that are empty are left out. `replaces`: the revoked license, or null. */
export const issueBodyOf = (form: IssueForm, { policy, archived }: OnSale, replaces: string | null): IssueBody => ({
  policyId: form.policyId,
  ...when(form.version !== '', { policyVersion: Number(form.version) }),
  ...when(form.products !== null, { products: productsIn(form, archived) ?? [] }),
  ...termIn(form),
  ...limitsIn(form),
  ...grantsIn(form),
  ...withInstant('maintenanceUntil', form.maintenanceUntil, form.exact),
  ...withText('externalRef', form.reference),
  ...withText('holderOrganizationId', form.holder),
  // The field of another policy is hidden, with what was typed there.
  ...(policy?.type === 'TRIAL' ? withText('trialAddress', form.trialAddress) : {}),
  ...when(form.reasonCode !== '', { reason: { code: form.reasonCode, ...withText('text', form.note) } }),
  ...when(Object.keys(form.metadata).length > 0, { metadata: form.metadata as NonNullable<IssueBody['metadata']> }),
  ...(replaces === null ? {} : { replaces }),
});

const when = <Part extends object>(holds: boolean, part: Part): Part | Record<never, never> => (holds ? part : {});

const withText = <Name extends string>(name: Name, text: string): { readonly [Key in Name]?: string } =>
  (text.trim() === '' ? {} : { [name]: text.trim() }) as { readonly [Key in Name]?: string };

const withInstant = <Name extends string>(
  name: Name,
  text: string,
  exact: readonly string[],
): { readonly [Key in Name]?: string } => withText(name, exactInstantIn(text, exact) ?? '');

const termIn = ({ term, duration, basis, expiresAt, startsAt, exact }: IssueForm): Pick<IssueBody, 'term'> => {
  const begins = withInstant('startsAt', startsAt, exact);
  switch (term) {
    case '':
      return {};
    case 'duration': {
      const length = isoDurationIn(duration) ?? duration;
      return { term: basis === 'ISSUE' ? { duration: length, ...begins } : { duration: length, basis } };
    }
    case 'expiresAt':
      return { term: { ...withInstant('expiresAt', expiresAt, exact), ...begins } };
    case 'perpetual':
      return { term: { perpetual: true, ...begins } };
  }
};

const limitsIn = (form: IssueForm): Pick<IssueBody, 'limits'> => {
  const counts = (['activations', 'seats', 'users'] as const).flatMap((name) => {
    const limit = limitIn(form[name]);
    return limit === null || limit === 'wrong' ? [] : [[name, limit] as const];
  });
  const meters = form.meters
    .filter(({ name = '' }) => name.trim() !== '')
    .map((row) => [row.name?.trim() ?? '', meterRequestIn(row)] as const);
  if (counts.length === 0 && meters.length === 0) return {};
  return {
    limits: { ...Object.fromEntries(counts), ...when(meters.length > 0, { meters: Object.fromEntries(meters) }) },
  };
};

const grantsIn = ({ grants, exact }: IssueForm): Pick<IssueBody, 'entitlements'> => {
  const named = grants.filter(({ code = '' }) => code.trim() !== '');
  return named.length === 0 ? {} : { entitlements: named.map((row) => grantOf(row, exact)) };
};

const grantOf = ({ code = '', value = '', limit = '', until = '', kind = '' }: Row, exact: readonly string[]) => {
  if (kind === 'withheld') return { code: code.trim(), withheld: true, ...withInstant('until', until, exact) };
  const count = limitIn(limit);
  return {
    code: code.trim(),
    ...withText('value', value),
    ...(typeof count === 'number' ? { limit: count } : {}),
    ...withInstant('until', until, exact),
  };
};
