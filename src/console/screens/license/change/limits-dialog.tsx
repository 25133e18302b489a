import { useState } from 'react';
import { type LimitStrategy, limitStrategies } from '../../../../domain/license/policy.ts';
import { SelectField, TextField } from '../../../parts/field.tsx';
import { useCommand } from '../../../session/ledger.ts';
import { texts as catalogue } from '../../../texts/catalogue.ts';
import { changeTexts } from '../../../texts/license-change-texts.ts';
import type { License } from '../../../types.ts';
import { Confirmation } from '../confirmation.tsx';
import classes from '../license.module.css';
import { meterLimit } from './change-consequences.ts';
import { Consequences } from './consequences-list.tsx';
import { badLimitsIn, type ChangedLimits, limitsIn } from './limits-in-form.ts';
import { ReasonFields } from './reason-fields.tsx';
import { reasonIn } from './reasons.ts';
import { usePreview } from './use-preview.ts';

const counted = ['activations', 'seats', 'users'] as const;

/** Changes the limits of a license. `proposed` and `strategy`: what the fields have at first. */
export const ChangeLimits = ({
  license,
  proposed = {},
  strategy = license.policy.limitStrategy,
  onClose,
}: {
  readonly license: License;
  readonly proposed?: ChangedLimits;
  readonly strategy?: LimitStrategy;
  readonly onClose: () => void;
}) => {
  const change = useCommand('changeLicenseLimits');
  const names = changeTexts.limits;
  const meters = [...new Set([...Object.keys(license.limits.meters), ...Object.keys(proposed.meters ?? {})])];
  const fields = [...counted, ...meters.map((meter) => `meter ${meter}`)];
  const [isSame, setSame] = useState(false);
  const [bad, setBad] = useState<readonly string[]>([]);
  const [draft, setDraft] = useState<ReturnType<typeof bodyOf>>(
    Object.keys(proposed).length === 0 ? null : { limits: proposed, strategy },
  );
  const params = { licenseId: license.id };
  const preview = usePreview('changeLicenseLimits', draft === null ? null : { params, body: draft });
  const bodyIn = (form: FormData) => bodyOf(form, license, fields);
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.change}
      command={change}
      onDraft={(form) => {
        setBad([]);
        setSame(false);
        setDraft(bodyIn(form));
      }}
      inputOf={(form) => {
        setBad(badLimitsIn(form, fields));
        const body = bodyIn(form);
        setSame(body === null && badLimitsIn(form, fields).length === 0);
        return body === null ? null : { params, body: { ...body, ...reasonIn(form) } };
      }}
      onClose={onClose}
    >
      <p>{names.text}</p>
      <div className={classes.fields}>
        {counted.map((name) => (
          <TextField
            key={name}
            label={catalogue.limits[name]}
            name={name}
            defaultValue={proposed[name] ?? license.limits[name]}
            fault={bad.includes(name) ? names.bad : undefined}
            inputMode="numeric"
            autoComplete="off"
          />
        ))}
        {meters.map((meter) => (
          <TextField
            key={meter}
            label={names.meter(meter)}
            name={`meter ${meter}`}
            defaultValue={proposedMeter(proposed, meter) ?? meterLimit(license, meter)}
            fault={bad.includes(`meter ${meter}`) ? names.bad : undefined}
            autoComplete="off"
          />
        ))}
      </div>
      <p className={classes.soft}>{names.hint}</p>
      <SelectField label={names.strategy} name="strategy" defaultValue={strategy}>
        {limitStrategies.map((value) => (
          <option key={value} value={value}>
            {names.strategies[value]}
          </option>
        ))}
      </SelectField>
      <Consequences {...(isSame ? { sentences: [changeTexts.preview.nothing] } : preview)} />
      <ReasonFields />
    </Confirmation>
  );
};

const proposedMeter = ({ meters = {} }: ChangedLimits, meter: string): number | string | undefined => {
  const limit = meters[meter];
  return typeof limit === 'object' ? undefined : limit;
};

/** Returns the change in a form. Returns null when a limit is invalid or none differs. */
const bodyOf = (form: FormData, license: License, fields: readonly string[]) => {
  if (badLimitsIn(form, fields).length > 0) return null;
  const limits = limitsIn(form, license);
  const strategy = limitStrategies.find((value) => value === form.get('strategy')) ?? 'REJECT';
  return Object.keys(limits).length === 0 ? null : { limits, strategy };
};
