import type { InputOf } from '@license-ledger/client';
import { useState } from 'react';
import { instantIn } from '../../../parts/dates.ts';
import { CheckField, SelectField, TextField } from '../../../parts/field.tsx';
import { Paged } from '../../../parts/paged.tsx';
import { useCommand } from '../../../session/ledger.ts';
import { usePages } from '../../../session/paged-list.ts';
import { texts } from '../../../texts/catalogue.ts';
import { changeTexts } from '../../../texts/license-change-texts.ts';
import type { License } from '../../../types.ts';
import { Confirmation } from '../confirmation.tsx';
import { Consequences } from './consequences-list.tsx';
import { ReasonFields } from './reason-fields.tsx';
import { reasonIn } from './reasons.ts';
import { usePreview } from './use-preview.ts';

type Body = NonNullable<InputOf<'changeLicenseTier'>['body']>;

const names = changeTexts.plan;
const tiers = ['FREE', 'TRIAL', 'PRO', 'ENTERPRISE'] as const;

/** Moves a license to another tier or policy, now or from a later instant on. */
export const ChangePlan = ({ license, onClose }: { readonly license: License; readonly onClose: () => void }) => {
  const change = useCommand('changeLicenseTier');
  const policies = usePages('listPolicies', {});
  const [draft, setDraft] = useState<Body | null>(null);
  const params = { licenseId: license.id };
  // A preview shows what would be lost, so it needs no confirmation of it.
  const preview = usePreview(
    'changeLicenseTier',
    draft === null ? null : { params, body: { ...draft, confirm: true } },
  );
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.change}
      command={change}
      onDraft={(form) => setDraft(bodyIn(form))}
      inputOf={(form) => {
        const body = bodyIn(form);
        return body === null ? null : { params, body: { ...body, ...reasonIn(form) } };
      }}
      onClose={onClose}
    >
      <p>{names.text}</p>
      <SelectField label={names.to} name="to" required defaultValue="">
        <option value="">{names.choose}</option>
        {tiers.map((tier) => (
          <option key={tier} value={tier}>
            {names.builtIn(texts.tier[tier])}
          </option>
        ))}
        {policies.entries.map(({ id, name, tier }) => (
          <option key={id} value={id}>
            {names.named(name, texts.tier[tier])}
          </option>
        ))}
      </SelectField>
      <Paged pages={policies} empty={null} more={names.more}>
        {null}
      </Paged>
      <TextField label={names.at} hint={names.atHint} name="at" type="datetime-local" step={1} />
      <SelectField label={names.overrides} name="overrides">
        {(['KEEP', 'RESET'] as const).map((value) => (
          <option key={value} value={value}>
            {names.kept[value]}
          </option>
        ))}
      </SelectField>
      <Consequences {...preview} />
      <CheckField label={names.confirm} name="confirm" />
      <ReasonFields />
    </Confirmation>
  );
};

/** Returns the change in a form. Returns null when no policy is chosen. */
const bodyIn = (form: FormData): Body | null => {
  const to = String(form.get('to'));
  if (to === '') return null;
  const tier = tiers.find((value) => value === to);
  const effectiveAt = instantIn(form.get('at'));
  return {
    ...(tier === undefined ? { policyId: to } : { tier }),
    ...(effectiveAt === null ? {} : { effectiveAt }),
    overrides: form.get('overrides') === 'RESET' ? 'RESET' : 'KEEP',
    ...(form.has('confirm') ? { confirm: true } : {}),
  };
};
