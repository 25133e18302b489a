import { useState } from 'react';
import type { LicensePower } from '../../../domain/license/license-authority.ts';
import { Button } from '../../parts/button.tsx';
import { texts } from '../../texts/catalogue.ts';
import type { License } from '../../types.ts';
import { SaleActions } from '../issue/sale-actions.tsx';
import classes from './license.module.css';
import { useBeyondLifting } from './power.ts';
import { Reinstate, Renew, Revoke, Suspend } from './status-dialogs.tsx';
import { reasonsInWords } from './why.ts';

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
  const beyond = useBeyondLifting(license);
  const useful = (['renew', 'suspend', 'reinstate', 'revoke'] as const).filter(
    (name) => mayDo(powers[name]) && makesSense(name, license),
  );
  const names = useful.filter((name) => name !== 'reinstate' || beyond.length === 0);
  const close = () => setOpen(null);
  return (
    <fieldset className={classes.actions} aria-label={texts.actions.title}>
      {names.map((name) => (
        <Button key={name} kind={name === 'revoke' ? 'danger' : 'plain'} onClick={() => setOpen(name)}>
          {texts.actions[name]}
        </Button>
      ))}
      {mayDo('sellLicenses') && <SaleActions license={license} />}
      {useful.length > names.length && <p>{texts.actions.notReinstated(reasonsInWords(beyond))}</p>}
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
