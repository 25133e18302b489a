import { useState } from 'react';
import { instantIn } from '../../../parts/dates.ts';
import { SelectField, TextField } from '../../../parts/field.tsx';
import { useCommand } from '../../../session/ledger.ts';
import { changeTexts } from '../../../texts/license-change-texts.ts';
import type { License } from '../../../types.ts';
import { Confirmation } from '../confirmation.tsx';
import classes from '../license.module.css';
import { consequencesOfGrant, consequencesOfTakingBack, type EntitlementDraft } from './change-consequences.ts';
import { Consequences } from './consequences-list.tsx';
import { ReasonFields } from './reason-fields.tsx';
import { reasonIn } from './reasons.ts';

type Props = { readonly license: License; readonly onClose: () => void };

const names = changeTexts.entitlements;

/** Grants an entitlement, or withholds one that the policy grants. `code`: the code that the field has at first. */
export const GrantEntitlement = ({ license, code = '', onClose }: Props & { readonly code?: string }) => {
  const change = useCommand('changeLicenseEntitlements');
  const [draft, setDraft] = useState<EntitlementDraft>({ code, until: null, isWithheld: false });
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.submit}
      command={change}
      onDraft={(form) => setDraft(draftIn(form))}
      inputOf={(form) => ({ params: { licenseId: license.id }, body: { grant: grantIn(form), ...reasonIn(form) } })}
      onClose={onClose}
    >
      <TextField
        label={names.code}
        hint={names.codeHint}
        name="entitlement"
        defaultValue={code}
        required
        maxLength={64}
        autoComplete="off"
      />
      <SelectField label={names.kind} name="kind">
        {(['grant', 'withhold'] as const).map((kind) => (
          <option key={kind} value={kind}>
            {names.kinds[kind]}
          </option>
        ))}
      </SelectField>
      <div className={classes.fields}>
        {!draft.isWithheld && (
          <>
            <TextField label={names.value} name="value" maxLength={256} autoComplete="off" />
            <TextField label={names.limit} name="limit" type="number" min={0} step={1} />
          </>
        )}
        <TextField label={names.until} hint={names.untilHint} name="until" type="datetime-local" step={1} />
      </div>
      <Consequences sentences={consequencesOfGrant(license, draft)} />
      <ReasonFields />
    </Confirmation>
  );
};

const draftIn = (form: FormData): EntitlementDraft => ({
  code: String(form.get('entitlement')).trim(),
  until: instantIn(form.get('until')),
  isWithheld: form.get('kind') === 'withhold',
});

const grantIn = (form: FormData) => {
  const { code, until, isWithheld } = draftIn(form);
  if (isWithheld) return { code, until, withheld: true };
  const value = String(form.get('value') ?? '').trim();
  const limit = String(form.get('limit') ?? '');
  return { code, until, value: value === '' ? null : value, limit: limit === '' ? null : Number(limit) };
};

/** Takes back what was granted or withheld by hand. */
export const TakeBackEntitlement = ({
  license,
  entitlement,
  onClose,
}: Props & { readonly entitlement: License['entitlements'][number] }) => {
  const change = useCommand('changeLicenseEntitlements');
  const { code } = entitlement;
  return (
    <Confirmation
      license={license}
      title={names.takeTitle}
      confirm={names.take}
      command={change}
      inputOf={(form) => ({ params: { licenseId: license.id }, body: { revoke: code, ...reasonIn(form) } })}
      onClose={onClose}
    >
      <p>
        <code>{code}</code>
      </p>
      <p>{names.takeText}</p>
      <Consequences sentences={consequencesOfTakingBack(entitlement)} />
      <ReasonFields />
    </Confirmation>
  );
};
