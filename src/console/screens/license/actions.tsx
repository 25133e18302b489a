import { useState } from 'react';
import type { LicensePower } from '../../../domain/license/license-authority.ts';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { useCommand } from '../../session/ledger.ts';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';
import { SaleActions } from '../issue/sale-actions.tsx';
import { Confirmation, noteIn } from './confirmation.tsx';
import classes from './license.module.css';
import { useReasons } from './power.ts';

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
  const reasons = useReasons(suspensionReasons);
  const names = (['renew', 'suspend', 'reinstate', 'revoke'] as const).filter(
    (name) => mayDo(powers[name]) && makesSense(name, license) && (name !== 'reinstate' || mayLift(license, reasons)),
  );
  const close = () => setOpen(null);
  return (
    <fieldset className={classes.actions} aria-label={texts.actions.title}>
      {names.map((name) => (
        <Button key={name} kind={name === 'revoke' ? 'danger' : 'plain'} onClick={() => setOpen(name)}>
          {texts.actions[name]}
        </Button>
      ))}
      {mayDo('sellLicenses') && <SaleActions license={license} />}
      {open === 'suspend' && <Suspend license={license} onClose={close} />}
      {open === 'reinstate' && <Reinstate license={license} onClose={close} />}
      {open === 'renew' && <Renew license={license} onClose={close} />}
      {open === 'revoke' && <Revoke license={license} onClose={close} />}
    </fieldset>
  );
};

/** Returns true when the role may lift every suspension, also those that are announced. */
const mayLift = ({ suspension, scheduled }: License, reasons: readonly string[]): boolean =>
  [...(suspension === null ? [] : [suspension]), ...scheduled].every(
    (change) => !('reasonCode' in change) || reasons.includes(change.reasonCode),
  );

const makesSense = (name: ActionName, { status, term }: License): boolean => {
  if (status === 'REVOKED') return false;
  if (name === 'suspend' || name === 'reinstate') return (status === 'SUSPENDED') === (name === 'reinstate');
  return name === 'renew' ? term.expiresAt !== null : true;
};

type Props = { readonly license: License; readonly onClose: () => void };

const Note = () => <TextField label={texts.actions.note} hint={texts.actions.noteHint} name="note" maxLength={500} />;

const suspensionReasons = ['PAYMENT', 'FRAUD', 'CUSTOMER_REQUEST', 'ADMIN', 'LEGAL'] as const;

const Suspend = ({ license, onClose }: Props) => {
  const licenseId = license.id;
  const suspend = useCommand('suspendLicense');
  const reasons = useReasons(suspensionReasons);
  const inputOf = (form: FormData) => {
    const code = reasons.find((reason) => reason === form.get('code')) ?? 'ADMIN';
    return { params: { licenseId }, body: { reason: { code, ...noteIn(form) } } };
  };
  const names = texts.actions;
  return (
    <Confirmation
      license={license}
      title={names.suspendTitle}
      confirm={names.suspend}
      command={suspend}
      inputOf={inputOf}
      onClose={onClose}
    >
      <p>{names.suspendText}</p>
      <SelectField label={names.reason} name="code" required>
        {reasons.map((code) => (
          <option key={code} value={code}>
            {texts.suspensionReasons[code]}
          </option>
        ))}
      </SelectField>
      <Note />
    </Confirmation>
  );
};

const Reinstate = ({ license, onClose }: Props) => {
  const licenseId = license.id;
  const reinstate = useCommand('reinstateLicense');
  const names = texts.actions;
  return (
    <Confirmation
      license={license}
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

const Renew = ({ license, onClose }: Props) => {
  const licenseId = license.id;
  const renew = useCommand('renewLicense');
  const names = texts.actions;
  return (
    <Confirmation
      license={license}
      title={names.renewTitle}
      confirm={names.renew}
      command={renew}
      // The policy of the license says from when the new term counts.
      inputOf={() => ({ params: { licenseId }, body: {} })}
      onClose={onClose}
    >
      <p>{names.renewText}</p>
    </Confirmation>
  );
};

const Revoke = ({ license, onClose }: Props) => {
  const licenseId = license.id;
  const revoke = useCommand('revokeLicense');
  const names = texts.actions;
  const inputOf = (form: FormData) => ({
    params: { licenseId },
    body: { reason: { code: String(form.get('code')).trim(), ...noteIn(form) } },
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
      <TextField label={names.code} hint={names.codeHint} name="code" required maxLength={64} />
      <Note />
    </Confirmation>
  );
};
