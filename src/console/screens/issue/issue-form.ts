import type { InputOf } from '@license-ledger/client';
import { isoDurationIn } from '../../parts/durations.ts';
import type { Row } from '../../parts/input-rows.ts';
import { issueTexts } from '../../texts/issue-texts.ts';
import type { Policy } from '../../types.ts';
import { instantIn } from './instants.ts';
import { type LimitText, limitIn, meterLimitIn } from './limit-texts.ts';

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
};

/** The body of the request that issues a license. */
export type IssueBody = InputOf<'issueLicense'>['body'];

/** What is wrong with the fields of the form, by their names. */
export type IssueFaults = Readonly<Partial<Record<keyof IssueForm, string>>>;

/** What the parts of the form get: its fields, what is wrong with them, and how to change them. */
export type IssueFormProps = {
  readonly form: IssueForm;
  readonly faults: IssueFaults;
  /** The chosen version of the policy, once it is known. */
  readonly policy: Policy | undefined;
  readonly change: (fields: Partial<IssueForm>) => void;
};

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
};

/** Returns what is wrong in a form. Empty when it can be sent. */
export const faultsOf = (form: IssueForm): IssueFaults => {
  const { faults } = issueTexts;
  const wrong: Partial<Record<keyof IssueForm, string>> = {};
  if (form.policyId === '') wrong.policyId = faults.missing;
  if (form.products?.length === 0) wrong.products = faults.products;
  for (const name of ['activations', 'seats', 'users'] as const)
    if (limitIn(form[name]) === 'wrong') wrong[name] = faults.limit;
  if (form.term === 'duration' && isoDurationIn(form.duration) === null) wrong.duration = faults.duration;
  if (form.term === 'expiresAt' && instantIn(form.expiresAt) === null) wrong.expiresAt = faults.instant;
  if (form.meters.some(({ name = '', limit = '' }) => name.trim() === '' || !isLimit(limitIn(limit))))
    wrong.meters = faults.rows;
  if (form.grants.some(({ code = '', limit = '' }) => code.trim() === '' || !isCount(limitIn(limit))))
    wrong.grants = faults.rows;
  if (form.reasonCode !== '' && !/^[A-Z][A-Z0-9_]{0,49}$/.test(form.reasonCode)) wrong.reasonCode = faults.reason;
  if (form.reasonCode === '' && form.note.trim() !== '') wrong.reasonCode = faults.noteAlone;
  return wrong;
};

const isLimit = (limit: LimitText): boolean => limit !== null && limit !== 'wrong';
const isCount = (limit: LimitText): boolean => limit === null || typeof limit === 'number';

/** Returns the body of the request. Fields that are empty are left out. `replaces`: the revoked license, or null. */
export const issueBodyOf = (form: IssueForm, replaces: string | null): IssueBody => ({
  policyId: form.policyId,
  ...when(form.version !== '', { policyVersion: Number(form.version) }),
  ...when(form.products !== null, { products: [...(form.products ?? [])] }),
  ...termIn(form),
  ...limitsIn(form),
  ...grantsIn(form),
  ...withInstant('maintenanceUntil', form.maintenanceUntil),
  ...withText('externalRef', form.reference),
  ...withText('holderOrganizationId', form.holder),
  ...withText('trialAddress', form.trialAddress),
  ...when(form.reasonCode !== '', { reason: { code: form.reasonCode, ...withText('text', form.note) } }),
  ...(replaces === null ? {} : { replaces }),
});

const when = <Part extends object>(holds: boolean, part: Part): Part | Record<never, never> => (holds ? part : {});

const withText = <Name extends string>(name: Name, text: string): { readonly [Key in Name]?: string } =>
  (text.trim() === '' ? {} : { [name]: text.trim() }) as { readonly [Key in Name]?: string };

const withInstant = <Name extends string>(name: Name, text: string): { readonly [Key in Name]?: string } =>
  withText(name, instantIn(text) ?? '');

const termIn = ({ term, duration, basis, expiresAt, startsAt }: IssueForm): Pick<IssueBody, 'term'> => {
  const begins = withInstant('startsAt', startsAt);
  switch (term) {
    case '':
      return {};
    case 'duration': {
      const length = isoDurationIn(duration) ?? duration;
      return { term: basis === 'ISSUE' ? { duration: length, ...begins } : { duration: length, basis } };
    }
    case 'expiresAt':
      return { term: { ...withInstant('expiresAt', expiresAt), ...begins } };
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
    .map((row) => [row.name?.trim() ?? '', meterLimitIn(row)] as const);
  if (counts.length === 0 && meters.length === 0) return {};
  return {
    limits: { ...Object.fromEntries(counts), ...when(meters.length > 0, { meters: Object.fromEntries(meters) }) },
  };
};

const grantsIn = ({ grants }: IssueForm): Pick<IssueBody, 'entitlements'> => {
  const named = grants.filter(({ code = '' }) => code.trim() !== '');
  return named.length === 0 ? {} : { entitlements: named.map(grantOf) };
};

const grantOf = ({ code = '', value = '', limit = '', until = '', kind = '' }: Row) => {
  if (kind === 'withheld') return { code: code.trim(), withheld: true, ...withInstant('until', until) };
  const count = limitIn(limit);
  return {
    code: code.trim(),
    ...withText('value', value),
    ...(typeof count === 'number' ? { limit: count } : {}),
    ...withInstant('until', until),
  };
};
