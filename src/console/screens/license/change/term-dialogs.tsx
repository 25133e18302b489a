import { useState } from 'react';
import { changedInstantIn, instantIn, inZone, localText } from '../../../parts/dates.ts';
import { CheckField, SelectField, TextField } from '../../../parts/field.tsx';
import { useCommand } from '../../../session/ledger.ts';
import { texts } from '../../../texts/catalogue.ts';
import { changeTexts } from '../../../texts/license-change-texts.ts';
import type { License } from '../../../types.ts';
import { Confirmation } from '../confirmation.tsx';
import { consequencesOfExpiry, consequencesOfMaintenance } from './change-consequences.ts';
import { Consequences } from './consequences-list.tsx';
import { ReasonFields } from './reason-fields.tsx';
import { reasonIn, requiredReasonIn } from './reasons.ts';

type Props = { readonly license: License; readonly onClose: () => void };

/** The instant in a form; null: without an end. Undefined: the form has none yet. */
type Draft = string | null | undefined;

/** Returns the end in a form. `original`: the end that the field has at first. */
const endIn = (form: FormData, original: string | null): Draft =>
  form.has('none') ? null : (changedInstantIn(form.get('to'), original) ?? undefined);

/** A field for an end, and the choice of none. */
const EndField = ({
  label,
  none,
  at,
  isOpen,
}: {
  readonly label: string;
  readonly none: string;
  /** The end that the field has at first. */
  readonly at: string | null;
  readonly isOpen: boolean;
}) => (
  <>
    {!isOpen && (
      <TextField
        label={label}
        name="to"
        type="datetime-local"
        step={1}
        required
        defaultValue={at === null ? '' : localText(at)}
      />
    )}
    <CheckField label={none} name="none" defaultChecked={isOpen} />
  </>
);

/** Moves the end of the current term, or removes it. */
export const ChangeExpiry = ({ license, onClose }: Props) => {
  const change = useCommand('changeLicenseExpiry');
  const names = changeTexts.expiry;
  const [draft, setDraft] = useState<Draft>(undefined);
  const [now] = useState(() => new Date().toISOString());
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.change}
      command={change}
      onDraft={(form) => setDraft(endIn(form, license.term.expiresAt))}
      inputOf={(form) => {
        const to = endIn(form, license.term.expiresAt);
        return to === undefined
          ? null
          : { params: { licenseId: license.id }, body: { to, reason: requiredReasonIn(form) } };
      }}
      onClose={onClose}
    >
      <p>{names.text}</p>
      <EndField label={names.to} none={names.perpetual} at={license.term.expiresAt} isOpen={draft === null} />
      <Consequences sentences={draft === undefined ? [] : consequencesOfExpiry(license, draft, now)} />
      <ReasonFields isRequired />
    </Confirmation>
  );
};

/** Changes until when new releases are covered. `to`: the end that the field has at first. */
export const ChangeMaintenance = ({
  license,
  to: proposed = license.maintenanceUntil,
  onClose,
}: Props & { readonly to?: string | null }) => {
  const change = useCommand('changeLicenseMaintenance');
  const names = changeTexts.maintenance;
  const [draft, setDraft] = useState<Draft>(proposed === license.maintenanceUntil ? undefined : proposed);
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.change}
      command={change}
      onDraft={(form) => setDraft(endIn(form, proposed))}
      inputOf={(form) => {
        const to = endIn(form, proposed);
        return to === undefined
          ? null
          : { params: { licenseId: license.id }, body: { to, reason: requiredReasonIn(form) } };
      }}
      onClose={onClose}
    >
      <p>{names.text}</p>
      <EndField label={names.to} none={names.all} at={proposed} isOpen={draft === null} />
      <Consequences sentences={draft === undefined ? [] : consequencesOfMaintenance(license, draft)} />
      <ReasonFields isRequired />
    </Confirmation>
  );
};

const modes = ['auto', 'manual', 'cancelAtPeriodEnd'] as const;

/** Changes what follows the term, now or from a later instant on. */
export const ChangeRenewal = ({ license, onClose }: Props) => {
  const change = useCommand('setLicenseRenewal');
  const names = changeTexts.renewal;
  const [mode, setMode] = useState<(typeof modes)[number]>(license.term.renewal);
  const modeIn = (form: FormData) => modes.find((value) => value === form.get('to')) ?? 'manual';
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.change}
      command={change}
      onDraft={(form) => setMode(modeIn(form))}
      inputOf={(form) => {
        const effectiveAt = instantIn(form.get('at'));
        const scheduled = effectiveAt === null ? {} : { effectiveAt };
        return { params: { licenseId: license.id }, body: { to: modeIn(form), ...scheduled, ...reasonIn(form) } };
      }}
      onClose={onClose}
    >
      <SelectField label={names.to} name="to" defaultValue={license.term.renewal}>
        {modes.map((value) => (
          <option key={value} value={value}>
            {texts.term.renewals[value]}
          </option>
        ))}
      </SelectField>
      <TextField label={names.at} hint={names.atHint} name="at" type="datetime-local" step={1} />
      <Consequences sentences={[names.effects[mode]]} />
      <ReasonFields />
    </Confirmation>
  );
};

/** Cancels an announced change. */
export const CancelScheduled = ({
  license,
  change: { kind, eventId, effectiveAt },
  onClose,
}: Props & { readonly change: License['scheduled'][number] }) => {
  const cancel = useCommand('cancelScheduledChange');
  const names = changeTexts.scheduled;
  return (
    <Confirmation
      license={license}
      title={names.title}
      confirm={names.submit}
      command={cancel}
      inputOf={(form) => ({ params: { licenseId: license.id }, body: { eventId, ...reasonIn(form) } })}
      onClose={onClose}
    >
      <p>
        {texts.term.scheduled[kind]}: {inZone(effectiveAt)}
      </p>
      <p>{names.text}</p>
      <ReasonFields />
    </Confirmation>
  );
};
