import { number } from '../../../parts/dates.ts';
import { lengthText } from '../../../parts/durations.ts';
import { texts } from '../../../texts/catalogue.ts';
import { fieldTexts } from '../../../texts/field-texts.ts';
import { limitText } from '../../../texts/license-texts.ts';
import { policyTexts } from '../../../texts/policy-texts.ts';
import type { License } from '../../../types.ts';
import { entitlementText, meterText, ruleText } from '../../catalog/policy-values.ts';
import { allRules, type RulePath } from '../../catalog/rule-kinds.ts';

/** A part of a value: words, an instant, words before an instant, or an organization, which the page names. */
export type ValueItem = { readonly text?: string; readonly at?: string; readonly organizationId?: string };

/** A field as a person reads it. `key` tells it from the others. A value without items is empty. */
export type FieldValue = { readonly key: string; readonly name: string; readonly items: readonly ValueItem[] };

type Within<Part extends 'term' | 'limits' | 'usage'> = {
  readonly [Name in keyof License[Part] & string as `${Part}.${Name}`]: License[Part][Name];
};
/** The fields that the server explains, by their names. */
type Explained = Omit<License, 'id' | 'term' | 'limits' | 'usage' | 'metadata' | 'revision' | 'recorded'> &
  Within<'term'> &
  Within<'limits'> &
  Within<'usage'>;

const names = fieldTexts.names;

const field = (key: string, name: string, items: readonly ValueItem[]): readonly FieldValue[] => [{ key, name, items }];
const words = (text: string | null | undefined): readonly ValueItem[] => (text ? [{ text }] : []);
const organization = (organizationId: string | null | undefined): readonly ValueItem[] =>
  organizationId ? [{ organizationId }] : [];
const instant = (at: string | null | undefined, otherwise = ''): readonly ValueItem[] =>
  at ? [{ at }] : words(otherwise);

/** A new field of the API needs a line here, and the compiler says so. */
const readers: { readonly [Name in keyof Explained]-?: (value: Explained[Name]) => readonly FieldValue[] } = {
  // The effective status says it more exactly.
  status: () => [],
  effectiveStatus: (status) => field('status', names.effectiveStatus, words(texts.status[status])),
  tier: (tier) => field('tier', names.tier, words(texts.tier[tier])),
  products: (products) => field('products', names.products, words(products.join(', '))),
  policy: ({ id, version, ...rules }) => [
    ...field('policy', names.policy, words(texts.license.policyVersion(id, version))),
    ...(Object.keys(rules) as (keyof typeof rules)[]).flatMap((path) => ruleField(path, rules[path])),
  ],
  issuerOrganizationId: (id) => field('issuer', names.issuer, organization(id)),
  holderOrganizationId: (id) => field('holder', names.holder, organization(id)),
  pendingHolder: (offer) => [
    ...field('offeredTo', names.offeredTo, organization(offer?.organizationId)),
    ...field('offered', names.offered, instant(offer?.offeredAt)),
    ...field('offerEnds', names.offerEnds, instant(offer?.expiresAt)),
  ],
  suspensions: (all) =>
    field(
      'suspendedFor',
      names.suspendedFor,
      all.flatMap(({ reasonCode, since, until }) => {
        const reason = texts.suspensionReasons[reasonCode];
        return [{ text: fieldTexts.since(reason), at: since }, ...untilOf(reason, until)];
      }),
    ),
  // The list has each of them.
  suspension: () => [],
  scheduled: (changes) => field('scheduled', names.scheduled, changes.flatMap(announcedItems)),
  revokedAt: (at) => field('revoked', names.revokedAt, instant(at)),
  overrides: ({ limits, products, entitlements }) => [
    ...field('changedLimits', names.changedLimits, changedLimits(limits)),
    ...field('addedProducts', names.addedProducts, words(products.added.join(', '))),
    ...field('removedProducts', names.removedProducts, words(products.removed.join(', '))),
    ...field('changedEntitlements', names.changedEntitlements, words(entitlements.join(', '))),
  ],
  entitlements: (entitlements) =>
    entitlements.flatMap(({ code, ...entitlement }) =>
      field(`entitlement ${code}`, names.entitlement(code), words(grantText(entitlement))),
    ),
  maintenanceUntil: (at) => field('maintenance', names.maintenanceUntil, instant(at, fieldTexts.never)),
  keyHint: (hint) => field('key', names.key, words(hint)),
  keyVersion: (version) => field('keyVersion', names.keyVersion, words(number(version))),
  keyOverlaps: (keys) =>
    field(
      'keyOverlaps',
      names.keyOverlaps,
      keys.map(({ keyVersion, until }) => ({ text: fieldTexts.until(fieldTexts.keyVersion(keyVersion)), at: until })),
    ),
  externalRef: (reference) => field('reference', names.reference, words(reference)),
  replaces: (id) => field('replaces', names.replaces, words(id)),
  replacedBy: (id) => field('replacedBy', names.replacedBy, words(id)),
  imported: (origin) => field('imported', names.imported, words(origin && `${origin.source}, ${origin.sourceRef}`)),
  createdAt: (at) => field('created', names.createdAt, instant(at)),
  'term.number': (value) => field('term', names.termNumber, words(number(value))),
  'term.startsAt': (at) => field('starts', names.termStarts, instant(at, texts.term.open)),
  'term.expiresAt': (at) => field('ends', names.termEnds, instant(at, fieldTexts.never)),
  'term.graceUntil': (at) => field('grace', names.graceEnds, instant(at)),
  'term.awaits': (use) =>
    field('awaits', names.awaits, words(use && fieldTexts.awaits(use.trigger, lengthText(use.duration)))),
  'term.timeZone': (zone) => field('timeZone', names.timeZone, words(zone)),
  'term.renewal': (renewal) => field('renewal', names.renewal, words(texts.term.renewals[renewal])),
  'limits.activations': (limit) => limitField('activations', limit),
  'limits.seats': (limit) => limitField('seats', limit),
  'limits.users': (limit) => limitField('users', limit),
  'limits.meters': (meters) =>
    Object.entries(meters).flatMap(([meter, limit]) =>
      field(`limit of meter ${meter}`, names.limit(fieldTexts.meter(meter)), words(meterText(limit))),
    ),
  'usage.activations': (used) => usageField('activations', used),
  'usage.seats': (used) => usageField('seats', used),
  'usage.users': (used) => usageField('users', used),
  'usage.meters': (meters) =>
    Object.entries(meters).flatMap(([meter, used]) =>
      field(`use of meter ${meter}`, names.usage(fieldTexts.meter(meter)), words(number(used))),
    ),
  'usage.resetsAt': (at) => field('resets', names.usageResets, instant(at)),
  'usage.periods': (periods) =>
    Object.entries(periods ?? {}).flatMap(([meter, { endsAt }]) =>
      field(`period of meter ${meter}`, names.periodEnds(meter), instant(endsAt)),
    ),
};

const ruleField = (path: RulePath, value: unknown): readonly FieldValue[] => {
  const rule = allRules.find((known) => known.path === path);
  return rule === undefined
    ? []
    : field(`policy ${path}`, names.policyRule(policyTexts.fields[path]), words(ruleText(rule, value)));
};

const untilOf = (text: string, until: string | null): readonly ValueItem[] =>
  until === null ? [] : [{ text: fieldTexts.until(text), at: until }];

const announcedItems = (change: License['scheduled'][number]): readonly ValueItem[] => {
  const text = announcedText(change);
  const from = { text: fieldTexts.from(text), at: change.effectiveAt };
  return [from, ...(change.kind === 'SUSPENSION' ? untilOf(text, change.until) : [])];
};

const announcedText = (change: License['scheduled'][number]): string => {
  switch (change.kind) {
    case 'SUSPENSION':
      return fieldTexts.suspension(texts.suspensionReasons[change.reasonCode]);
    case 'RENEWAL':
      return fieldTexts.renewalTo(texts.term.renewals[change.to]);
    case 'TIER': {
      const { id, version } = change.policy;
      return fieldTexts.tierTo(texts.tier[change.tier], texts.license.policyVersion(id, version));
    }
  }
};

const countedNames = ['activations', 'seats', 'users'] as const;

/** Their values are those of the limits themselves. */
const changedLimits = ({ meters = {}, ...limits }: License['overrides']['limits']): readonly ValueItem[] =>
  words(
    [
      ...countedNames.filter((name) => limits[name] !== undefined).map((name) => fieldTexts.counted[name]),
      ...Object.keys(meters).map(fieldTexts.meter),
    ].join(', '),
  );

const grantText = ({
  source,
  withheld,
  ended,
  ...granted
}: Omit<License['entitlements'][number], 'code' | 'sources'>): string =>
  [
    entitlementText(granted),
    texts.entitlements.sources[source],
    withheld ? texts.entitlements.withheld : '',
    ended ? texts.entitlements.ended : '',
  ]
    .filter((part) => part !== '')
    .join(', ');

const limitField = (name: (typeof countedNames)[number], limit: number | 'unlimited') =>
  field(`limit of ${name}`, names.limit(fieldTexts.counted[name]), words(limitText(limit)));

const usageField = (name: (typeof countedNames)[number], used: number) =>
  field(`use of ${name}`, names.usage(fieldTexts.counted[name]), words(number(used)));

/**
 * Returns an explained field in words. An object is several fields. A field that this console does not know, because the
 * server is newer, stays as the server has it.
 */
export const fieldValuesOf = (name: string, value: unknown): readonly FieldValue[] => {
  const read = (readers as Readonly<Record<string, (value: unknown) => readonly FieldValue[]>>)[name];
  return read === undefined ? field(name, name, words(JSON.stringify(value))) : read(value);
};
