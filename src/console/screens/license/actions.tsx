import { useState } from 'react';
import type { LicensePower } from '../../../domain/license/license-authority.ts';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { useCommand } from '../../session/ledger.ts';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';
import { Confirmation, noteIn } from './confirmation.tsx';
import classes from './license.module.css';

type ActionName = 'suspend' | 'reinstate' | 'renew' | 'revoke';

const powers: Readonly<Record<ActionName, LicensePower>> = {
  suspend: 'suspendLicenses',
  reinstate: 'suspendLicenses',
  renew: 'renewLicenses',
  revoke: 'endLicenses',
};

/** The actions that the user may do and that make sense for the license as it is now. */
export const Actions = ({
  license,
  mayDo,
}: {
  readonly license: License;
  readonly mayDo: (power: LicensePower) => boolean;
}) => {
  const [open, setOpen] = useState<ActionName | null>(null);
  const names = (['renew', 'suspend', 'reinstate', 'revoke'] as const).filter(
    (name) => mayDo(powers[name]) && makesSense(name, license),
  );
  const close = () => setOpen(null);
  return (
    <fieldset className={classes.actions} aria-label={texts.actions.title}>
      {names.map((name) => (
        <Button key={name} kind={name === 'revoke' ? 'danger' : 'plain'} onClick={() => setOpen(name)}>
          {texts.actions[name]}
        </Button>
      ))}
      {open === 'suspend' && <Suspend license={license} onClose={close} />}
      {open === 'reinstate' && <Reinstate license={license} onClose={close} />}
      {open === 'renew' && <Renew license={license} onClose={close} />}
      {open === 'revoke' && <Revoke license={license} onClose={close} />}
    </fieldset>
  );
};

const makesSense = (name: ActionName, { status, term }: License): boolean => {
  if (status === 'REVOKED') return false;
  if (name === 'suspend' || name === 'reinstate') return (status === 'SUSPENDED') === (name === 'reinstate');
  return name === 'renew' ? term.expiresAt !== null : true;
};

type Props = { readonly license: License; readonly onClose: () => void };

const Note = () => <TextField label={texts.actions.note} hint={texts.actions.noteHint} name="note" maxLength={500} />;

const suspensionReasons = ['PAYMENT', 'FRAUD', 'CUSTOMER_REQUEST', 'ADMIN', 'LEGAL'] as const;

const Suspend = ({ license: { id: licenseId }, onClose }: Props) => {
  const suspend = useCommand('suspendLicense');
  const inputOf = (form: FormData) => {
    const code = suspensionReasons.find((each) => each === form.get('code')) ?? 'ADMIN';
    return { params: { licenseId }, body: { reason: { code, ...noteIn(form) } } };
  };
  const names = texts.actions;
  return (
    <Confirmation
      title={names.suspendTitle}
      confirm={names.suspend}
      command={suspend}
      inputOf={inputOf}
      onClose={onClose}
    >
      <p>{names.suspendText}</p>
      <SelectField label={names.reason} name="code" required>
        {suspensionReasons.map((code) => (
          <option key={code} value={code}>
            {texts.suspensionReasons[code]}
          </option>
        ))}
      </SelectField>
      <Note />
    </Confirmation>
  );
};

const Reinstate = ({ license: { id: licenseId }, onClose }: Props) => {
  const reinstate = useCommand('reinstateLicense');
  const names = texts.actions;
  return (
    <Confirmation
      title={names.reinstateTitle}
      confirm={names.reinstate}
      command={reinstate}
      inputOf={() => ({ params: { licenseId }, body: {} })}
      onClose={onClose}
    >
      <p>{names.reinstateText}</p>
    </Confirmation>
  );
};

const Renew = ({ license: { id: licenseId, effectiveStatus }, onClose }: Props) => {
  const renew = useCommand('renewLicense');
  const names = texts.actions;
  const isExpired = effectiveStatus === 'EXPIRED';
  const basis = isExpired ? 'FROM_NOW' : 'FROM_EXPIRY';
  return (
    <Confirmation
      title={names.renewTitle}
      confirm={names.renew}
      command={renew}
      inputOf={() => ({ params: { licenseId }, body: { basis } as const })}
      onClose={onClose}
    >
      <p>{isExpired ? names.renewExpired : names.renewText}</p>
    </Confirmation>
  );
};

const Revoke = ({ license: { id: licenseId }, onClose }: Props) => {
  const revoke = useCommand('revokeLicense');
  const names = texts.actions;
  const inputOf = (form: FormData) => ({
    params: { licenseId },
    body: { reason: { code: String(form.get('code')).trim(), ...noteIn(form) } },
  });
  return (
    <Confirmation
      title={names.revokeTitle}
      confirm={names.revoke}
      isDangerous
      command={revoke}
      inputOf={inputOf}
      onClose={onClose}
    >
      <p>{names.revokeText}</p>
      <TextField label={names.code} hint={names.codeHint} name="code" required maxLength={64} />
      <Note />
    </Confirmation>
  );
};
