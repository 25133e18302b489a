import { useState } from 'react';
import { instantIn, inZone } from '../../parts/dates.ts';
import { durationText } from '../../parts/durations.ts';
import { SelectField, TextField } from '../../parts/field.tsx';
import { useCommand } from '../../session/ledger.ts';
import { texts } from '../../texts/catalogue.ts';
import { changeTexts } from '../../texts/license-change-texts.ts';
import type { License } from '../../types.ts';
import { consequencesOfRevocation } from './change/change-consequences.ts';
import { Consequences } from './change/consequences-list.tsx';
import { Note, ReasonFields } from './change/reason-fields.tsx';
import { noteIn, reasonIn, requiredReasonIn } from './change/reasons.ts';
import { usePreview } from './change/use-preview.ts';
import { Confirmation } from './confirmation.tsx';
import classes from './license.module.css';
import { suspensionReasons, useReasons } from './power.ts';

type Props = { readonly license: License; readonly onClose: () => void };

type RenewalTerms = { readonly duration: string; readonly basis: 'FROM_NOW' };

/** Stops a license for a while. */
export const Suspend = ({ license, onClose }: Props) => {
  const licenseId = license.id;
  const suspend = useCommand('suspendLicense');
  const reasons = useReasons(suspensionReasons);
  const inputOf = (form: FormData) => {
    const code = reasons.find((reason) => reason === form.get('code')) ?? 'ADMIN';
    const [effectiveAt, until] = [instantIn(form.get('from')), instantIn(form.get('until'))];
    return {
      params: { licenseId },
      body: {
        reason: { code, ...noteIn(form) },
        ...(effectiveAt === null ? {} : { effectiveAt }),
        ...(until === null ? {} : { until }),
      },
    };
  };
  const names = texts.actions;
  const when = changeTexts.suspension;
  const [end, setEnd] = useState<string | null>(null);
  return (
    <Confirmation
      license={license}
      title={names.suspendTitle}
      confirm={names.suspend}
      command={suspend}
      onDraft={(form) => setEnd(instantIn(form.get('until')))}
      inputOf={inputOf}
      onClose={onClose}
    >
      <p>{end === null ? names.suspendText : when.ends(inZone(end))}</p>
      <SelectField label={names.reason} name="code" required>
        {reasons.map((code) => (
          <option key={code} value={code}>
            {texts.suspensionReasons[code]}
          </option>
        ))}
      </SelectField>
      <div className={classes.fields}>
        <TextField label={when.from} hint={when.fromHint} name="from" type="datetime-local" step={1} />
        <TextField label={when.until} hint={when.untilHint} name="until" type="datetime-local" step={1} />
      </div>
      <Note />
    </Confirmation>
  );
};

/** Starts a suspended license again. */
export const Reinstate = ({ license, onClose }: Props) => {
  const licenseId = license.id;
  const reinstate = useCommand('reinstateLicense');
  const names = texts.actions;
  return (
    <Confirmation
      license={license}
      title={names.reinstateTitle}
      confirm={names.reinstate}
      command={reinstate}
      inputOf={(form) => ({ params: { licenseId }, body: reasonIn(form) })}
      onClose={onClose}
    >
      <p>{names.reinstateText}</p>
      <ReasonFields />
    </Confirmation>
  );
};

/** Adds a term. `terms`: another duration than that of the policy, from now on. */
export const Renew = ({ license, terms = null, onClose }: Props & { readonly terms?: RenewalTerms | null }) => {
  const licenseId = license.id;
  const renew = useCommand('renewLicense');
  const params = { licenseId };
  // Without terms the policy of the license says for how long, and from when the new term counts.
  const preview = usePreview('renewLicense', { params, body: { ...terms } });
  const names = texts.actions;
  return (
    <Confirmation
      license={license}
      title={names.renewTitle}
      confirm={names.renew}
      command={renew}
      inputOf={(form) => ({ params, body: { ...terms, ...reasonIn(form) } })}
      onClose={onClose}
    >
      <p>{terms === null ? names.renewText : changeTexts.renewFor(durationText(terms.duration))}</p>
      <Consequences {...preview} />
      <ReasonFields />
    </Confirmation>
  );
};

/** Ends a license for good. */
export const Revoke = ({ license, onClose }: Props) => {
  const licenseId = license.id;
  const revoke = useCommand('revokeLicense');
  const names = texts.actions;
  const inputOf = (form: FormData) => ({
    params: { licenseId },
    body: { reason: requiredReasonIn(form) },
  });
  return (
    <Confirmation
      license={license}
      title={names.revokeTitle}
      confirm={names.revoke}
      isDangerous
      command={revoke}
      inputOf={inputOf}
      onClose={onClose}
    >
      <p>{names.revokeText}</p>
      <Consequences sentences={consequencesOfRevocation(license)} />
      <ReasonFields isRequired />
    </Confirmation>
  );
};
